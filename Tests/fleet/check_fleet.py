"""A fleet of three Connectors, with PostgreSQL, two HAProxies with doc/fleet/haproxy.cfg, an address that keepalived
moves between them, 20 agents, and 115 visitors a second, in network namespaces: whom it hurts when each of them fails.

usage: check_fleet.py CONNECTOR AGENT SOURCES
"""

import contextlib
import pathlib
import sys
import tempfile
import time
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

import network  # noqa: E402  pylint: disable=C0413
import servers  # noqa: E402  pylint: disable=C0413
from changes import PUBLIC, Changes  # noqa: E402  pylint: disable=C0413
from postgres import Postgres  # noqa: E402  pylint: disable=C0413
from programs import Failed, expect, wait_for  # noqa: E402  pylint: disable=C0413
from skipping import skip  # noqa: E402  pylint: disable=C0413
from visitors import Visitors  # noqa: E402  pylint: disable=C0413

SPREAD_MAPPINGS, TOGETHER_MAPPINGS = 14, 4
PRIVATE = {"type": "private", "maxconnectionsport1": 10, "maxconnectionsport2": 10,
           "heartbeatabsencethresholdport1": 0, "heartbeatabsencethresholdport2": 0}
LISTEN_PORT = 7000  # of the agent whose clients a private mapping carries
BALANCED = {"spread", "together", "private"}  # paths by the balancer
QUIET_SECONDS = 3  # before a fault, so that nobody who fails is anybody else's


@dataclass
class Fault:
    """What has failed, and since when; and the paths whose visitors may fail until it has mended."""
    name: str
    paths: set
    begin: float = field(default_factory=time.monotonic)
    end: float = float("inf")
    equal_after: float = None  # seconds from its end until all nodes have the same mappings


class Fleet:
    """All of it."""

    def __init__(self, folder, connector, agent, sources, visitors):
        self._folder, self._agent, self._visitors = folder, agent, visitors
        self.faults = []
        network.Switch()
        servers.make_certificate(folder)
        database = network.Host("db", 20)
        self.database = Postgres(folder, database.address, 5432, lambda words: servers.start(database.command(*words)))
        self.connectors = {name: servers.Connector(network.Host(name, number), folder, connector, self.database)
                           for name, number in (("a", 11), ("b", 12), ("c", 13))}
        for each in self.connectors.values():
            each.await_ready()
        hosts = network.Host("lb1", 2), network.Host("lb2", 3)
        self.balancers = [servers.Balancer(*pair, folder, sources / "doc/fleet") for pair in (hosts, hosts[::-1])]
        self.changes = Changes(self.connectors["a"])
        self._agents = []
        self._nodes = network.Host("node1", 30), network.Host("node2", 31)
        self._begin_mappings()

    def _add(self, wanted):
        mapping = self.connectors["a"].call("POST", "/api/v2/mapping/add", wanted).json
        self.changes.added[mapping["id"]] = mapping
        self.changes.perhaps_removed.add(mapping["id"])  # these are for nobody to remove
        return mapping

    def _begin_mappings(self):
        every = [each.host.address for each in self.connectors.values()]
        target = {"localhost": network.SELF, "localport": self._visitors.target_port}
        plain = {**PUBLIC, "visitortls": False}
        self.spread = [self._add(plain) for _ in range(SPREAD_MAPPINGS)]
        self.together = [self._add(plain) for _ in range(TOGETHER_MAPPINGS)]
        private = self._add(PRIVATE)
        stock = {"hosts": servers.ADDRESS_TOGETHER, "options": ["--pipe1"]}
        for mapping in self.spread:
            self._start(self._nodes[0], mapping, hosts=every, **target)
        for mapping in self.together:
            self._start(self._nodes[0], mapping, **stock, **target)
        self._start(self._nodes[0], private, side=1, **stock, role="listen", localhost=self._nodes[0].address,
                    localport=LISTEN_PORT)
        self._start(self._nodes[1], private, side=2, **stock, role="connect", **target)
        for each in self.connectors.values():
            each.await_agents([mapping["id"] for mapping in self.spread])
        wait_for("an address at one of the balancers", lambda: any(each.has_address() for each in self.balancers))

    def _start(self, host, mapping, **options):
        self._agents.append(servers.Agent(self._agent, host, self._folder, mapping, **options))

    def begin_visits(self):
        spread = [mapping["port2"] for mapping in self.spread]
        together = [mapping["port2"] for mapping in self.together]
        for path, address, ports, rate in (("spread", servers.ADDRESS_SPREAD, spread, 75),
                                           ("together", servers.ADDRESS_TOGETHER, together, 20),
                                           ("private", self._nodes[0].address, [LISTEN_PORT], 5)):
            for port in ports:
                wait_for(f"a visitor is served: {path}", lambda to=(address, port): self._visitors.is_served(*to))
            self._visitors.come(path, address, ports, rate)
        for name, connector in self.connectors.items():
            self._visitors.come(name, connector.host.address, spread, 5)
            for port in spread[:2]:
                self._visitors.stay(name, connector.host.address, port)

    def begin_changes(self):
        self.changes.begin([*(each.host.address for each in self.connectors.values()), servers.ADDRESS_SPREAD])

    def fault(self, name, *paths):
        """One begins, while mappings come and go."""
        fault = Fault(name, set(paths))
        self.faults.append(fault)
        return fault

    def settle(self, *faults):
        """They are over: until all is as it was, and all mappings are as it was answered."""
        over = time.monotonic()
        self.changes.stop()
        wait_for(f"all nodes have the same mappings after: {faults[0].name}", self.are_equal)
        for each in faults:
            each.equal_after = time.monotonic() - over
        self.changes.check(self.connectors["a"].mappings().keys())
        for each in self.connectors.values():
            each.await_agents([mapping["id"] for mapping in self.spread])
        for each in faults:
            each.end = time.monotonic()
        self.begin_changes()
        time.sleep(QUIET_SECONDS)

    def meeting_place(self):
        """The Connector that all who know one host are at."""
        return next(each for each in self.connectors.values() if each.agents_waiting(self.together[0]["id"]))

    def are_equal(self):
        with contextlib.suppress(OSError, ValueError, KeyError):
            every = [each.mappings() for each in self.connectors.values()]
            return every[0] == every[1] == every[2]
        return False

    def ids_in_database(self):
        return {row[0] for row in self.database.ask("SELECT id FROM mapping")}


def kill_a_connector(fleet):
    connector = fleet.meeting_place()
    fault = fleet.fault("a Connector is killed, and starts 5 s later", connector.name, *BALANCED)
    connector.kill()
    time.sleep(5)
    connector.start()
    connector.await_ready()
    fleet.settle(fault)


def kill_the_balancer(fleet):
    first = next(each for each in fleet.balancers if each.has_address())
    second = next(each for each in fleet.balancers if each is not first)
    fault = fleet.fault("the balancer is killed", *BALANCED)
    first.kill()
    wait_for("the other one has its addresses", second.has_address)
    fleet.settle(fault)


def stop_the_database(fleet):
    connector = next(each for each in fleet.connectors.values() if each is not fleet.meeting_place())
    began = time.monotonic()
    away = fleet.fault("PostgreSQL is away for 20 s")
    fleet.database.stop()
    time.sleep(8)
    start = fleet.fault("meanwhile a Connector is killed, and starts", connector.name, *BALANCED)
    connector.kill()
    connector.start()
    connector.await_ready()
    time.sleep(max(0, began + 20 - time.monotonic()))
    fleet.database.start()
    fleet.settle(away, start)
    if not fleet.changes.refused:
        raise Failed("nothing was refused while PostgreSQL was away")


def cut_off_a_connector(fleet):
    connector = fleet.meeting_place()
    fault = fleet.fault("a Connector is cut off for 10 s", connector.name, *BALANCED)
    connector.host.cut_off()
    time.sleep(10)
    connector.host.connect()
    fleet.settle(fault)


def excuses(fault, path, begin, end):
    return path in fault.paths and begin <= fault.end and end >= fault.begin


def report(fleet, visitors):
    """Of each fault, whom it has hurt, and how long."""
    changes, failed = fleet.changes, sum(bool(each.failure) for each in visitors.visits)
    print(f"{len(visitors.visits)} visitors, {failed} of them failed; {len(changes.added)} mappings added and "
          f"{len(changes.removed)} removed, {len(changes.refused)} times refused, {len(changes.not_found)} not found")
    for fault in fleet.faults:
        print(f"{fault.name}: mended after {fault.end - fault.begin:.1f} s; all nodes equal {fault.equal_after:.2f} s "
              "after it was over")
        for path in sorted(fault.paths):
            report_path(fault, path, [each for each in visitors.visits if each.path == path])


def report_path(fault, path, visits):
    there = [each for each in visits if excuses(fault, path, each.begin, each.end)]
    hurt = [each for each in there if each.failure]
    last = max([fault.begin, *(each.begin for each in hurt)]) - fault.begin
    slowest = max((each.end - each.begin for each in there if not each.failure), default=0)
    print(f"    {path}: {len(hurt)} of {len(there)} visitors failed, the last of them after {last:.1f} s; the slowest "
          f"of the others took {slowest:.1f} s")


def check(fleet, visitors):
    innocent = [each for each in visitors.visits if each.failure and
                not any(excuses(fault, each.path, each.begin, each.end) for fault in fleet.faults)]
    for each in innocent[:20]:
        print(f"failed: {each}")
    expect("visitors who failed where nothing was wrong", len(innocent), 0)
    broken = [(path, when) for path, when in visitors.broken
              if not any(excuses(fault, path, when, when) for fault in fleet.faults)]
    expect("relays that broke where nothing was wrong", broken, [])
    expect("the mappings in the database", fleet.ids_in_database(), fleet.connectors["a"].mappings().keys())


def run(connector, agent, sources):
    # In a folder whose parents the user of PostgreSQL may pass.
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-"))
        stack.push(servers.stop_all)
        visitors = stack.enter_context(Visitors(network.SELF))
        fleet = Fleet(pathlib.Path(folder), connector, agent, sources, visitors)
        fleet.begin_visits()
        fleet.begin_changes()
        time.sleep(QUIET_SECONDS)
        for breaks in (kill_a_connector, kill_the_balancer, stop_the_database, cut_off_a_connector):
            breaks(fleet)
        fleet.changes.stop()
        visitors.stop()
        report(fleet, visitors)
        wait_for("all nodes have the same mappings", fleet.are_equal)
        check(fleet, visitors)


def main():
    connector, agent, sources = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    if reason := network.unavailable() or servers.missing_program():
        skip("a fleet that fails", reason)
    network.enter()
    run(pathlib.Path(connector).resolve(), pathlib.Path(agent).resolve(), sources)


if __name__ == "__main__":
    main()
