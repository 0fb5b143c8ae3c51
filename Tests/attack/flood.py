"""Makes connections to one port as fast as it is told to, from so many addresses of 127.0.0.0/8, and does not do what an
agent does: silent ones say nothing, those of kind "hello" begin a TLS handshake (without TLS: a passcode) and stop there,
and those of kind "wrong" send a wrong passcode. Each is kept until it is closed, 5 s at most. At the end it says, as JSON,
how many it made in a second, and how many of those that were wrong were judged.
"""

import argparse
import collections
import contextlib
import json
import resource
import select
import socket
import ssl
import struct
import time

RESET = struct.pack("ii", 1, 0)
KEPT = 5  # seconds
STEP = 0.005


def client_hello():
    """The bytes that a TLS handshake begins with."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


class Flood:
    """said: what each connection says; sources: the addresses that they come from, in turn."""

    def __init__(self, target, ports, sources, said):
        self._target, self._ports, self._sources, self._said = target, ports, sources, said
        self._epoll = select.epoll()
        self._open = {}
        self._by_age = collections.deque()
        self.made = self.refused = self.judged = 0

    def make(self):
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        try:
            connection.bind((self._sources[self.made % len(self._sources)], 0))
            connection.connect((self._target, self._ports[self.made % len(self._ports)]))
        except BlockingIOError:
            pass
        except OSError:
            self.refused += 1
            connection.close()
            return
        self.made += 1
        self._open[connection.fileno()] = connection
        self._by_age.append((time.monotonic(), connection))
        self._epoll.register(connection, select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)

    def attend(self, seconds):
        for descriptor, events in self._epoll.poll(seconds):
            connection = self._open[descriptor]
            if events & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                self.judged += 1
                self._close(connection)
            elif events & select.EPOLLOUT and self._said:
                with contextlib.suppress(OSError):
                    connection.send(self._said)
        until = time.monotonic() - KEPT
        while self._by_age and (self._by_age[0][0] < until or self._by_age[0][1].fileno() < 0):
            connection = self._by_age.popleft()[1]
            if connection.fileno() >= 0:
                self._close(connection)

    def _close(self, connection):
        del self._open[connection.fileno()]
        connection.close()

    def run(self, rate, seconds):
        begun = time.monotonic()
        attempts = 0
        while (now := time.monotonic() - begun) < seconds:
            for _ in range(min(int(now * rate) - attempts, 200)):
                attempts += 1
                self.make()
            self.attend(STEP)
        return {"rate": self.made / seconds, "refused": self.refused / seconds, "closed": self.judged / seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, action="append", required=True, help="where to; several are taken in turn")
    parser.add_argument("--kind", choices=["silent", "hello", "wrong"], required=True)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--addresses", type=int, default=1)
    parser.add_argument("--rate", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    sources = [f"127.1.{number // 250}.{1 + number % 250}" for number in range(options.addresses)]
    said = {"silent": b"", "hello": client_hello() if options.tls else b"0", "wrong": b"0" * 36}[options.kind]
    flood = Flood(options.host, options.port, sources, said)
    print(json.dumps(flood.run(options.rate, options.seconds)), flush=True)


main()
