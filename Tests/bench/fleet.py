"""Connectors with one database, each with its share of the processors: what two and three of them carry beside one."""

import concurrent.futures
import pathlib
import sys

import programs
from share import Share

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fleet"))

from postgres import Postgres, programs as postgres_programs  # noqa: E402

# Of the machine, for each Connector: so that those who come are never what is short.
CONNECTORS_SHARE = 0.05


class Member:
    """A Connector of a fleet, at an address of its own."""

    stalled = 0
    tls = False

    def __init__(self, setup, name, number, cores, settings):
        self.host = f"127.0.0.{10 + number}"
        self.name = f"{name}-{number}"
        self._share = Share(cores)
        try:
            self.connector = programs.Connector(setup, self.name, host=self.host,
                                                settings=settings | {"node": str(number)})
            self._share.take(self.connector.process.pid)
        except BaseException:
            self.stop()
            raise

    def serve(self, mapping):
        """What the generator's visitors and agents come for."""
        self.near = mapping["port2"]
        self._far = {"port": mapping["port1"], "passcode": mapping["passcode1"], "host": self.host, "tls": False}

    def far(self, agents):
        return self._far | {"agents": agents}

    def pids(self):
        return [self.connector.process.pid]

    def stop(self):
        if hasattr(self, "connector"):
            self.connector.stop()
        self._share.close()


class Fleet:
    """So many of them, all of which serve the same mapping."""

    def __init__(self, setup, count, cores):
        self.name = f"{count} Connector{'s' * (count > 1)}"
        self.members = []
        folder = pathlib.Path(setup.folder, f"fleet-{count}")
        folder.mkdir()
        self._database = Postgres(folder, programs.HOST, setup.ports.take(),
                                  lambda words: programs.Process(str(folder), "postgres", list(map(str, words))))
        first, last = setup.ports.block(4)
        settings = {"ports": [f"{first}-{last}"]}
        try:
            for number in range(count):
                database = {"url": self._database.url, "password-file": str(self._database.password_file),
                            "cache": str(folder / f"cache-{number}.db")}
                self.members.append(Member(setup, folder.name, number, cores, settings | {"database": database}))
            mapping = self.members[0].connector.add()
            for member in self.members:
                programs.await_true("the mapping everywhere",
                                    lambda at=member: programs.accepts(mapping["port2"], at.host))
                member.serve(mapping)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for member in self.members:
            member.stop()
        self._database.stop()


def try_out():
    """RuntimeError: there can be no fleet here, and why."""
    if not postgres_programs():
        raise RuntimeError("PostgreSQL is not installed")
    Share(CONNECTORS_SHARE).close()


def load(bench, fleet, work, streams):
    """One measurement at each member at once, added up; of latencies the worst."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        each = list(pool.map(lambda member: bench.load(member, work, streams), fleet.members))
    result = {key: max(one[key] for one in each) for key in each[0]}
    # Each began at its own moment, so their rates are what can be added.
    for key in ("bytes", "turns", "cpu", "generatorCpu"):
        result[key] = sum(one[key] / one["seconds"] for one in each) * result["seconds"]
    for key in ("failures", "rss"):
        result[key] = sum(one[key] for one in each)
    return result
