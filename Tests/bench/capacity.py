"""What Connector needs for what is open and idle, and whether that costs those who are busy."""

import json
import os
import signal
import sqlite3
import subprocess
import time

import programs
from programs import HOST, Connector, ConnectorHop, status_of

# A process may have 20,000 descriptors here: each mapping takes two.
MAPPINGS = 9000
WITHOUT_PORTS = 100000
SAMPLE = 10000  # of these, whose adds are measured
AGENTS = 9000
AGENTS_PER_MAPPING = 60
CLIENTS = 16
COMMITS = 3000
IDLE_SECONDS = 5
SETTLE_SECONDS = 2


class Holder:
    """Idle agents, held by a bench-load until it is stopped."""

    def __init__(self, setup, mappings, tls, agents=AGENTS_PER_MAPPING):
        spec = {"work": "hold", "tls": tls, "agents": [
            {"port": mapping["port1"], "passcode": mapping["passcode1"], "agents": agents}
            for mapping in mappings]}
        self._process = subprocess.Popen([setup.program("bench-load"), json.dumps(spec)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("the idle agents were not all authorized")

    def stop(self):
        self._process.communicate()


def cpu_of(pid):
    """Seconds that the process has used."""
    total = 0.0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[0]) / 1e9
    return total


def idle_cpu(pid):
    """Share of one core that the process takes when nothing happens."""
    before, began = cpu_of(pid), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (cpu_of(pid) - before) / (time.monotonic() - began)


def settled_memory(pid):
    """In KiB, when what a burst of handshakes has left behind was given back."""
    time.sleep(SETTLE_SECONDS)
    return status_of(pid, "VmRSS")


def idle_agents(setup, tls):
    connector = Connector(setup, "idle-agents" + ("-tls" if tls else ""), tls, ports=2 * AGENTS // AGENTS_PER_MAPPING)
    try:
        mappings = some_mappings(connector)
        pid = connector.process.pid
        # What the first of all agents costs is no agent's share.
        holders = [Holder(setup, mappings[:1], tls)]
        try:
            before = settled_memory(pid)
            holders.append(Holder(setup, mappings[1:], tls))
            each = (settled_memory(pid) - before) * 1024 / (AGENTS - AGENTS_PER_MAPPING)
            return {"bytes per idle agent": each, "idle CPU": idle_cpu(pid)}
        finally:
            for holder in holders:
                holder.stop()
    finally:
        connector.stop()


def sqlite_commits(setup):
    """Commits a second that SQLite reaches there: one thread, write-ahead log, every commit synchronized."""
    path = os.path.join(setup.folder, "sqlite-alone.db")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE mapping (id TEXT PRIMARY KEY, type TEXT, port1 INTEGER UNIQUE, passcode1 TEXT,"
                     " port2 INTEGER UNIQUE, passcode2 TEXT) WITHOUT ROWID")
    began = time.monotonic()
    for i in range(COMMITS):
        database.execute("INSERT INTO mapping VALUES (?, ?, ?, ?, ?, ?)",
                         (os.urandom(18).hex(), "public", 2 * i, os.urandom(18).hex(), 2 * i + 1, ""))
    took = time.monotonic() - began
    database.close()
    return COMMITS / took


def add_all(setup, connector, count=MAPPINGS, ports=True):
    """How many a second."""
    spec = {"work": "adds", "port": connector.api, "tls": connector.tls, "clients": CLIENTS, "count": count,
            "ports": ports}
    answer = subprocess.run([setup.program("bench-load"), json.dumps(spec)], capture_output=True, text=True)
    if answer.returncode != 0:
        raise RuntimeError(answer.stderr)
    return count / json.loads(answer.stdout)["seconds"]


class BesideMappings(ConnectorHop):
    """A Connector whose other mappings are idle."""

    def __init__(self, setup, name):
        super().__init__(setup, name=name, ports=2 * MAPPINGS + 4)
        try:
            add_all(setup, self.connector)
        except BaseException:
            self.stop()
            raise


class BesideAgents(ConnectorHop):
    """A Connector whose other mappings have idle agents."""

    def __init__(self, setup, name):
        super().__init__(setup, name=name, ports=2 * AGENTS // AGENTS_PER_MAPPING + 4)
        try:
            self._holder = Holder(setup, some_mappings(self.connector), False)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if hasattr(self, "_holder"):
            self._holder.stop()
        super().stop()


def some_mappings(connector):
    """With places for all idle agents."""
    return [connector.add(AGENTS_PER_MAPPING) for _ in range(AGENTS // AGENTS_PER_MAPPING)]


def mappings(setup):
    commits = [sqlite_commits(setup)]
    connector = Connector(setup, "mappings", ports=2 * MAPPINGS)
    try:
        adds = add_all(setup, connector)
        os.remove(os.path.join(setup.folder, "sqlite-alone.db"))
        commits.append(sqlite_commits(setup))
        connector.stop(signal.SIGKILL)
        began = time.monotonic()
        connector.start()
        restart = time.monotonic() - began
        pid = connector.process.pid
        alone = sum(commits) / len(commits)
        facts = {"adds/s": adds, "adds/s, of SQLite's own commits/s": adds / alone, "restart to /health, s": restart,
                 "memory, MiB": status_of(pid, "VmRSS") / 1024, "idle CPU": idle_cpu(pid)}
        began = time.monotonic()
        connector.stop()
        return facts | {"stop, s": time.monotonic() - began}
    finally:
        connector.stop()


def mappings_without_ports(setup):
    """What those cost that are reached by the front alone, and that nobody uses."""
    connector = Connector(setup, "without-ports", tls=True, settings={
        "api": {"anonymous": True},
        "front": {"port": setup.ports.take(), "domain": "fog.example.org", "http-port": 0}})
    try:
        before = settled_memory(connector.process.pid)
        first = add_all(setup, connector, SAMPLE, ports=False)
        add_all(setup, connector, WITHOUT_PORTS - 2 * SAMPLE, ports=False)
        last = add_all(setup, connector, SAMPLE, ports=False)
        added = settled_memory(connector.process.pid) - before
        connector.stop(signal.SIGKILL)
        began = time.monotonic()
        connector.start()
        restart = time.monotonic() - began
        pid = connector.process.pid
        restored = settled_memory(pid) - before
        return {"adds/s": first, "adds/s at the end, of those at the beginning": last / first,
                "bytes each, added": added * 1024 / WITHOUT_PORTS,
                "bytes each, restored": restored * 1024 / WITHOUT_PORTS,
                "restart to /health, s": restart, "idle CPU": idle_cpu(pid)}
    finally:
        connector.stop()


def facts_of(setup):
    """What there is to measure, by name."""
    return {"capacity: 9,000 idle agents, plain": lambda: idle_agents(setup, False),
            "capacity: 9,000 idle agents, TLS": lambda: idle_agents(setup, True),
            "capacity: 9,000 mappings": lambda: mappings(setup),
            "capacity: 100,000 mappings without ports": lambda: mappings_without_ports(setup)}


def measure(wanted, only):
    facts = {}
    for name, fact in wanted.items():
        if not only or any(part in name for part in only):
            try:
                facts[name] = fact()
            except RuntimeError as error:
                print(f"{name} failed: {error}", flush=True)
                continue
            print(f"\n{name}\n  " + "\n  ".join(f"{key}: {value:.4g}" for key, value in facts[name].items()), flush=True)
    return facts
