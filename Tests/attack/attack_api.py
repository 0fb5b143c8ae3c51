#!/usr/bin/python3
"""Strangers at the API: 5,000 sockets of 100 addresses that are silent, slow, or as fast as they can. Callers with an
identity are to be answered within a second all the while.
"""

import collections
import contextlib
import multiprocessing
import os
import select
import socket
import ssl
import struct
import threading
import time

from attacks import Connector, Report, arguments

TOKEN = "correct-horse-battery-staple-0123456789"
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 102)]
PROCESSES = 2
KNOWN_BY_TOKEN = "127.0.0.1"
KNOWN_BY_NETWORK = "127.0.1.1"
WITHIN = 1.0  # seconds
DEADLINE = 60  # seconds for the attackers to end
IP_BIND_ADDRESS_NO_PORT = 24
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
SETTINGS = {
    "api": {
        "bind": "127.0.0.1",
        "identities": [{"name": "token", "token": TOKEN}, {"name": "network", "network": f"{KNOWN_BY_NETWORK}/32"}],
    },
    "log": {"level": "warning"},
}


def client_hello():
    """The first flight of a TLS client: costs the server a signature, and its sender nothing."""
    outgoing = ssl.MemoryBIO()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="connector")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def request(target, headers=""):
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


class Stranger:
    """One socket of an attacker; what kind of one, derived classes say. It comes again whenever it is closed."""

    TLS = True  # in production mode
    SOCKETS = 5000

    def __init__(self, attacker, address):
        self._attacker = attacker
        self._address = address
        self._shaking = False
        self.socket = None

    def connect(self):
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.setblocking(False)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        plain.bind((self._address, 0))
        with contextlib.suppress(BlockingIOError):
            plain.connect(("127.0.0.1", self._attacker.port))
        self.socket = plain
        self._connected = False
        self._attacker.begun += 1
        self._shaking = self._attacker.tls and self.TLS
        self._attacker.watch(self)

    def again(self):
        self._attacker.forget(self)
        self.socket.close()
        self.connect()

    def ready(self, events):
        try:
            if events & (select.EPOLLERR | select.EPOLLHUP):
                return self.again()
            if self._shaking:
                if not isinstance(self.socket, ssl.SSLSocket):
                    self._wrap()
                self.socket.do_handshake()
                self._shaking = False
            if not self._connected:
                self._connected = True
                self.begin()
            while data := self.socket.recv(4096):
                if self.received(data):
                    return self.again()
            return self.again()
        except WOULD_BLOCK:
            return None
        except OSError:
            return self.again()

    def _wrap(self):
        """The descriptor stays the same."""
        self.socket = self._attacker.tls.wrap_socket(self.socket, do_handshake_on_connect=False)

    def begin(self):
        """Connected, with the handshake done."""

    def received(self, _):
        """True when that was all."""
        return False

    def tick(self):
        """Once a second."""


class Silent(Stranger):
    """sends nothing"""

    TLS = False


class Dribbling(Stranger):
    """a byte a second"""

    TEXT = request("/api/v2/mapping")

    def begin(self):
        self._sent = 0

    def tick(self):
        if not self._connected:
            return
        with contextlib.suppress(OSError):
            self.socket.send(self.TEXT[self._sent % len(self.TEXT) :][:1])
            self._sent += 1


class HalfHandshake(Stranger):
    """stops in the middle of the TLS handshake"""

    TLS = False

    def begin(self):
        self.socket.send(self._attacker.hello)


class Handshakes(HalfHandshake):
    """begins TLS handshakes as fast as it can"""

    def received(self, _):
        return True


class Health(Stranger):
    """asks for /health as fast as it can, on a connection kept alive"""

    def begin(self):
        self.socket.send(request("/health"))

    def received(self, _):
        self.socket.send(request("/health"))
        return False


class WrongToken(Stranger):
    """sends wrong tokens as fast as it can"""

    def begin(self):
        self.socket.send(request("/api/v2/mapping", "Authorization: Bearer wrong-0123456789abcdef\r\n"))

    def received(self, _):
        return True


class FewHealth(Health):
    """asks for /health as fast as it can, on as many connections as don't push each other out"""

    SOCKETS = 400


class FewWrongTokens(WrongToken):
    """sends wrong tokens as fast as it can, on as many connections as don't push each other out"""

    SOCKETS = 400


class Attacker:
    """One process's share of the sockets."""

    def __init__(self, kind, port, tls, addresses, count):
        self.port = port
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.tls.check_hostname = False
            self.tls.verify_mode = ssl.CERT_NONE
        self.hello = client_hello()
        self.begun = 0
        self._epoll = select.epoll()
        self._strangers = {}
        self._all = [kind(self, addresses[number % len(addresses)]) for number in range(count)]

    def watch(self, stranger):
        self._strangers[stranger.socket.fileno()] = stranger
        self._epoll.register(stranger.socket.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def forget(self, stranger):
        self._strangers.pop(stranger.socket.fileno(), None)

    def run(self, told, seconds):
        until = time.monotonic() + seconds
        for number, stranger in enumerate(self._all):
            stranger.connect()
            if number % 100 == 99:
                self._turn(0)
        tick = time.monotonic() + 1
        while time.monotonic() < until:
            self._turn(0.1)
            if time.monotonic() >= tick:
                tick += 1
                for stranger in self._all:
                    stranger.tick()
        told.put(self.begun)

    def _turn(self, timeout):
        for descriptor, events in self._epoll.poll(timeout, 512):
            if stranger := self._strangers.get(descriptor):
                stranger.ready(events)


def attack(kind, port, tls, share, told, seconds):
    os.nice(19)  # real attackers have machines of their own, and leave the server its
    Attacker(kind, port, tls, ADDRESSES[share::PROCESSES], kind.SOCKETS // PROCESSES).run(told, seconds)


class Caller(threading.Thread):
    """Somebody with an identity, who asks again and again; how long each answer takes."""

    def __init__(self, port, trust, source, token, keeps_alive):
        super().__init__()
        self._target = ("127.0.0.1", port)
        self._trust = trust
        self._source = source
        self._request = request("/api/v2/mapping", f"Authorization: Bearer {TOKEN}\r\n" if token else "")
        self._keeps_alive = keeps_alive
        self._connection = None
        self._stopped = threading.Event()
        self.times = []
        self.failures = collections.Counter()

    def run(self):
        while not self._stopped.wait(0.02):
            began = time.monotonic()
            try:
                self._ask()
            except OSError as error:
                self.failures[str(error)] += 1
                self._close()
            self.times.append(time.monotonic() - began)
        self._close()

    def stop(self):
        self._stopped.set()
        self.join()

    def _ask(self):
        if not self._connection:
            self._connection = socket.create_connection(self._target, 20, (self._source, 0))
            if self._trust:
                self._connection = self._trust.wrap_socket(self._connection, server_hostname="127.0.0.1")
        self._connection.sendall(self._request)
        answer = b""
        while not answer.endswith(b"}"):
            data = self._connection.recv(65536)
            if not data:
                raise OSError("closed without an answer")
            answer += data
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise OSError(answer.split(b"\r\n", 1)[0].decode())
        if not self._keeps_alive:
            self._close()

    def _close(self):
        if self._connection:
            self._connection.close()
            self._connection = None


def callers(connector):
    ways = {
        "by token": (KNOWN_BY_TOKEN, True, False),
        "by network": (KNOWN_BY_NETWORK, False, False),
        "kept alive": (KNOWN_BY_TOKEN, True, True),
    }
    return {name: Caller(connector.api_port, connector.trust, *way) for name, way in ways.items()}


def report_times(report, what, caller):
    times = sorted(caller.times)
    p99, most = times[len(times) * 99 // 100 - 1] if len(times) > 1 else times[0], times[-1]
    failures = f", {sum(caller.failures.values())} failed: {dict(caller.failures)}" if caller.failures else ""
    report.add(
        what,
        f"each of its requests answered within {WITHIN:.0f} s",
        f"max {most * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms of {len(times)}{failures}",
        most <= WITHIN and not caller.failures,
    )


def measure(report, program, kind, tls, seconds):
    with Connector(program, tls, SETTINGS) as connector:
        told = multiprocessing.Queue()
        shares = [(kind, connector.api_port, tls, share, told, seconds) for share in range(PROCESSES)]
        attackers = [multiprocessing.Process(target=attack, args=share, daemon=True) for share in shares]
        known = callers(connector)
        for each in (*attackers, *known.values()):
            each.start()
        begun = sum(told.get(timeout=seconds + DEADLINE) for _ in attackers)
        for each in known.values():
            each.stop()
        for each in attackers:
            each.join()
        lines = sum(" Warning " in line for line in connector.process.output)
    mode = "TLS" if tls else "plain"
    attacked = f"{mode}: {kind.__doc__} ({begun / seconds:.0f} connections/s, {lines} log lines)"
    for name, caller in known.items():
        report_times(report, f"{attacked}: {name}", caller)


def main():
    options = arguments(__doc__)
    program = str(options.bin / "iofog-connector")
    report = Report()
    of_both = (Silent, Dribbling, Health, FewHealth, WrongToken, FewWrongTokens)
    for tls, kinds in ((False, of_both), (True, (*of_both, HalfHandshake, Handshakes))):
        for kind in kinds:
            measure(report, program, kind, tls, options.seconds)
    report.exit()


if __name__ == "__main__":
    main()
