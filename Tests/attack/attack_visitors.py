"""Whether visitors can take a mapping: an honest one comes from an address of its own, again and again, while others
keep all that they can get.
"""

import contextlib
import resource
import socket
import threading
import time

from attacks import Connector, Report, arguments
from programs import receive, wait_for

PLACES = 60  # of agents of PIPE/1, each of which serves one visitor at a time
YIELDS = 5000  # ms: limits.idle-relay-yields
HONEST = "127.0.0.200"
CROWD = 5000
CROWD_ADDRESSES = 100


class Agents:
    """PLACES connections that answer what a visitor says with "ok", and dial anew when it has gone."""

    def __init__(self, mapping):
        self._mapping = mapping
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(PLACES)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()

    def _run(self):
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                self._serve()

    def _serve(self):
        with socket.create_connection(("127.0.0.1", self._mapping["port1"])) as connection:
            connection.sendall(self._mapping["passcode1"].encode())
            receive(connection, len("AUTHORIZED"))
            while connection.recv(65536):
                connection.sendall(b"ok")


def visitor(mapping, address):
    return socket.create_connection(("127.0.0.1", mapping["port2"]), 15, (address, 0))


def is_served(mapping):
    with contextlib.suppress(OSError), visitor(mapping, HONEST) as honest:
        honest.sendall(b"hello")
        return honest.recv(2) == b"ok"
    return False


def served_within(mapping, seconds):
    """How many of those that came were served, and when the first one was; nothing when none was."""
    start, came, served, first = time.monotonic(), 0, 0, None
    while time.monotonic() - start < seconds:
        came += 1
        if is_served(mapping):
            served += 1
            first = first or time.monotonic() - start
    return came, served, first


def report_on(report, what, wanted, figures):
    came, served, first = figures
    when = "never" if first is None else f"after {first:.1f} s"
    report.add(what, wanted, f"{served} of {came}, first {when}", served > 0)


def attack(program, seconds, report):
    settings = {"limits": {"idle-relay-yields": YIELDS, "descriptors": 2 * CROWD + 1000}}
    with Connector(program, tls=False, settings=settings) as connector:
        mapping = connector.add(maxconnections=PLACES)
        with Agents(mapping), contextlib.ExitStack() as held:
            wait_for("agents wait", lambda: is_served(mapping))
            silent = [held.enter_context(visitor(mapping, "127.0.0.2")) for _ in range(PLACES)]
            report_on(report, f"{PLACES} silent visitors of one address", "served", served_within(mapping, seconds))
            for one in silent:
                one.sendall(b"x")  # and stays
            report_on(report, f"{PLACES} that say a byte, and stay", f"served after {YIELDS} ms of their silence",
                      served_within(mapping, seconds))
            for number in range(CROWD):
                with contextlib.suppress(OSError):
                    held.enter_context(visitor(mapping, f"127.0.1.{1 + number % CROWD_ADDRESSES}"))
            report_on(report, f"{CROWD} more, of {CROWD_ADDRESSES} addresses, silent", "served",
                      served_within(mapping, seconds))


def main():
    options = arguments(__doc__)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    attack(str(options.bin / "iofog-connector"), options.seconds, report)
    report.exit()


if __name__ == "__main__":
    main()
