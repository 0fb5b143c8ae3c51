"""What a mapping costs a fleet: the Connector that opens it, each other one, and the database."""

import contextlib
import os
import pathlib
import time

import programs
from capacity import MAPPINGS, Holder, add_all, cpu_of, settled_memory
from fleet import Postgres, postgres_programs

CONNECTORS = 4
USED = 800  # mappings that are in use: a process may have 20,000 descriptors here, and all ports take 18,000
PATIENCE = 120
SETTLE_SECONDS = 5


def cpu_with_children(pids):
    """Seconds that the processes have used, and those children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Growing:
    """Connectors with one database, which is written to the disk, and many ports."""

    def __init__(self, setup, count):
        folder = pathlib.Path(setup.folder, f"growth-{count}")
        folder.mkdir()
        self._setup = setup
        self._postgres = None
        self.database = Postgres(folder, programs.HOST, setup.ports.take(), self._start, durable=True)
        first, last = setup.ports.block(2 * MAPPINGS)
        self.connectors = []
        try:
            for number in range(count):
                host = f"127.0.0.{number + 1}"
                database = {"url": self.database.url, "password-file": str(self.database.password_file),
                            "cache": str(folder / f"cache-{number}.db")}
                self.connectors.append(programs.Connector(setup, f"{folder.name}-{number}", host=host, settings={
                    "ports": [f"{first}-{last}"], "database": database, "node": str(number),
                    "limits": {"last-use": 1000}}))
        except BaseException:
            self.close()
            raise

    def _start(self, words):
        self._postgres = programs.Process(self._setup.folder, "postgres", list(map(str, words)))
        return self._postgres

    def pids(self):
        return [each.process.pid for each in self.connectors]

    def cpu(self):
        """Of the first Connector, the last one, and the database."""
        pids = self.pids()
        return cpu_of(pids[0]), cpu_of(pids[-1]), cpu_with_children(self._postgres.pids())

    def await_everywhere(self, count):
        for each in self.connectors:
            programs.await_true("all mappings everywhere",
                                lambda at=each: at.get("/api/v2/status")["mappings"] == count, PATIENCE)

    def close(self):
        for each in self.connectors:
            each.stop()
        self.database.stop()


def microseconds(before, after, count):
    return [(two - one) * 1e6 / count for one, two in zip(before, after)]


def add(setup, growing):
    """Of all mappings: how fast, and what each takes of a Connector that adds, one that hears, and the database."""
    memory = settled_memory(growing.pids()[-1])
    before = growing.cpu()
    adds = add_all(setup, growing.connectors[0])
    began = time.monotonic()
    growing.await_everywhere(MAPPINGS)
    took = time.monotonic() - began
    adder, hearer, database = microseconds(before, growing.cpu(), MAPPINGS)
    memory = settled_memory(growing.pids()[-1]) - memory
    size = growing.database.ask("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND "
                                "relname IN ('mapping', 'mapping_port', 'released_port')")
    return {"adds/s": adds, "all have all after, s": took, "CPU us of who adds": adder, "CPU us of each other": hearer,
            "CPU us of the database": database, "memory of each, KiB": memory / MAPPINGS,
            "bytes in the database": int(size[0][0]) / MAPPINGS}


def compare(growing):
    """All compare all, as their connections to the database were lost."""
    of_connectors = "FROM pg_stat_activity WHERE application_name = 'iofog-connector'"
    before = growing.cpu()
    growing.database.ask(f"SELECT pg_terminate_backend(pid) {of_connectors}")
    time.sleep(SETTLE_SECONDS)
    programs.await_true("the connections", lambda: int(growing.database.ask(
        f"SELECT count(*) {of_connectors}")[0][0]) >= CONNECTORS, PATIENCE)
    _, hearer, database = (1e3 * (two - one) for one, two in zip(before, growing.cpu()))
    return {"a comparison of all, CPU ms": hearer, "of the database, CPU ms": database / CONNECTORS}


def use(setup, growing):
    """Agents come to many mappings: the database is told when each was last in use."""
    listed = [{"port1": int(port), "passcode1": passcode} for port, passcode in growing.database.ask(
        f"SELECT port1, passcode1 FROM mapping LIMIT {USED}")]
    updates = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'mapping'"
    before, cpu = int(growing.database.ask(updates)[0][0]), growing.cpu()
    holder = Holder(setup, listed, False, agents=1)
    try:
        while int(growing.database.ask(updates)[0][0]) < before + USED:
            time.sleep(1)  # as each question costs the database more than an answer to a Connector
        _, _, database = microseconds(cpu, growing.cpu(), USED)
    finally:
        holder.stop()
    return {"CPU us of the database for a last use": database}


def measure(setup):
    if not postgres_programs():
        raise RuntimeError("PostgreSQL is not installed")
    with contextlib.closing(Growing(setup, 1)) as alone:
        database = "CPU us of the database"
        first = add(setup, alone)[database]
    with contextlib.closing(Growing(setup, CONNECTORS)) as growing:
        facts = add(setup, growing)
        each = (facts.pop(database) - first) / (CONNECTORS - 1)
        return facts | {f"{database} for one that adds": first, f"{database} for each other": each
                        } | compare(growing) | use(setup, growing)
