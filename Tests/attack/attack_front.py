#!/usr/bin/python3
"""Strangers at the front: 5,000 sockets of 100 addresses that are silent, slow, ask for names that nobody has, or guess
passcodes. Callers of the API and visitors by name are to be answered within a second all the while, and an agent that
comes in the middle gets all its connections.
"""

import contextlib
import multiprocessing
import socket
import ssl
import time

from attack_api import (
    DEADLINE, KNOWN_BY_TOKEN, PROCESSES, SETTINGS, TOKEN, Caller, Dribbling, FewWrongTokens, HalfHandshake,
    Handshakes, Silent, Stranger, attack, report_times,
)
from attacks import Connector, Report, agent, arguments, waiting
from programs import Target, free_ports

DOMAIN = "fog.example.org"
CONNECTIONS = 4  # of the agent
VISITOR = "127.0.1.2"


def client(*protocols):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    return context


class UnknownNames(Handshakes):
    """asks for names that nobody has, as fast as it can"""

    NAME = "nobody." + DOMAIN

    def begin(self):
        outgoing = ssl.MemoryBIO()
        nobody = client().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=self.NAME)
        with contextlib.suppress(ssl.SSLWantReadError):
            nobody.do_handshake()
        self.socket.send(outgoing.read())


class SilentAgents(Stranger):
    """comes as an agent of PIPE/2, and says nothing"""

    CONTEXT = client("iofog-pipe/2")

    def _wrap(self):
        self.socket = self.CONTEXT.wrap_socket(self.socket, do_handshake_on_connect=False)


class Guesses(SilentAgents):
    """guesses passcodes as fast as it can"""

    def begin(self):
        self.socket.send(b"PIPE/2 00000000-0000-4000-8000-000000000000\n")

    def received(self, _):
        return True


class FewGuesses(Guesses):
    """guesses passcodes as fast as it can, on as many connections as don't push each other out"""

    SOCKETS = 400


class Visitor(Caller):
    """Somebody who visits the mapping by its name, again and again."""

    def __init__(self, port, name, source):
        super().__init__(port, client(), source, False, False)
        self._name = f"{name}.{DOMAIN}"

    def _ask(self):
        with socket.create_connection(self._target, 20, (self._source, 0)) as plain, \
                self._trust.wrap_socket(plain, server_hostname=self._name) as visitor:
            visitor.sendall(b"echo\n?")
            if visitor.recv(1) != b"?":
                raise OSError("closed without an answer")


@contextlib.contextmanager
def attacked(kind, port, seconds):
    """What is returned is asked, at the end, how many connections were made."""
    told = multiprocessing.Queue()
    attackers = [multiprocessing.Process(target=attack, args=(kind, port, True, share, told, seconds), daemon=True)
                 for share in range(PROCESSES)]
    for each in attackers:
        each.start()
    yield lambda: sum(told.get(timeout=seconds + DEADLINE) for _ in attackers)
    for each in attackers:
        each.join()


def seconds_until_all_wait(connector, mapping, most):
    begun = time.monotonic()
    while waiting(connector, mapping) < CONNECTIONS and time.monotonic() - begun < most:
        time.sleep(0.1)
    return time.monotonic() - begun


def measure(report, options, kind):
    front = free_ports(1)
    settings = SETTINGS | {"front": {"port": front, "http-port": 0, "domain": DOMAIN}}
    with Connector(str(options.bin / "iofog-connector"), True, settings) as connector:
        connector.headers = {"Authorization": f"Bearer {TOKEN}"}
        mapping, late = connector.add(ports=False, name="web"), connector.add(ports=False)
        places = {"connectioncount": CONNECTIONS, "connections": CONNECTIONS, "localport": Target().port}
        with agent(options, connector, mapping, front, **places):
            seconds_until_all_wait(connector, mapping, DEADLINE)
            known = {"API, by token": Caller(front, connector.trust, KNOWN_BY_TOKEN, True, False),
                     "visitor by name": Visitor(front, "web", VISITOR)}
            with attacked(kind, front, options.seconds) as connections:
                for each in known.values():
                    each.start()
                with agent(options, connector, late, front, **places):
                    took = seconds_until_all_wait(connector, late, options.seconds)
                    there = waiting(connector, late)
                begun = connections()
                for each in known.values():
                    each.stop()
        lines = sum(" Warning " in line for line in connector.process.output)
    what = f"{kind.__doc__} ({begun / options.seconds:.0f} connections/s, {lines} log lines)"
    for name, caller in known.items():
        report_times(report, f"{what}: {name}", caller)
    report.add(f"{what}: agent", f"{CONNECTIONS} of {CONNECTIONS} connections", f"{there} after {took:.1f} s",
               there == CONNECTIONS)


def main():
    options = arguments(__doc__)
    report = Report()
    for kind in (Silent, Dribbling, HalfHandshake, Handshakes, UnknownNames, SilentAgents, Guesses, FewGuesses,
                 FewWrongTokens):
        measure(report, options, kind)
    report.exit()


if __name__ == "__main__":
    main()
