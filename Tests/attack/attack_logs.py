"""How much strangers can make the server log, however many ports they come to."""

import contextlib
import os
import socket
import threading
import time

from attacks import Connector, Report, arguments
from programs import free_ports, reset, wait_for

MAPPINGS = 100
ADDRESSES = 100  # of strangers: what one may have others don't get
DAY = 86400
MOST_BYTES_A_DAY = 500_000_000
WRONG_PASSCODE = b"00000000-0000-4000-8000-000000000000"
REQUEST = b"GET /api/v2/mapping/" + b"x" * 200 + b" HTTP/1.1\r\nHost: a\r\n\r\n"


class Flood:
    """Strangers that come as fast as they can, each from the next address to the next port."""

    def __init__(self, ports, data):
        self.count = 0
        self._ports = ports
        self._data = data
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(first,)) for first in range(2)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number):
        while not self._over.is_set():
            number += 7
            with contextlib.suppress(OSError):
                self._come(f"127.0.1.{1 + number % ADDRESSES}", self._ports[number % len(self._ports)])

    def _come(self, address, port):
        stranger = socket.create_connection(("127.0.0.1", port), 5, (address, 0))
        self.count += 1
        with stranger:
            if not self._data:
                reset(stranger)
                return
            stranger.sendall(self._data)
            stranger.recv(1)


def attack(program, seconds, report):
    first = free_ports(2 * MAPPINGS)
    settings = {
        "ports": [f"{first}-{first + 2 * MAPPINGS - 1}"],
        "api": {"identities": [{"name": "me", "network": "127.0.0.1/32"}]},
        "log": {"file": "connector.log"},
    }
    with Connector(program, tls=False, settings=settings) as connector:
        mappings = [connector.add() for _ in range(MAPPINGS)]
        floods = [
            Flood([mapping["port1"] for mapping in mappings], WRONG_PASSCODE),
            Flood([mapping["port2"] for mapping in mappings], b""),
            Flood([connector.api_port], REQUEST),
        ]
        log = connector.path("connector.log")
        with contextlib.ExitStack() as running:
            for flood in floods:
                running.enter_context(flood)
            wait_for("all floods have begun", lambda: all(flood.count > 0 for flood in floods))
            time.sleep(seconds / 2)  # what is written at once is no rate
            begin, before = time.monotonic(), os.path.getsize(log)
            time.sleep(seconds / 2)
            rate = (os.path.getsize(log) - before) / (time.monotonic() - begin)
        total = sum(flood.count for flood in floods)
    report.add(
        f"the log's growth in a day, while {total / seconds:,.0f} strangers a second come to {2 * MAPPINGS} ports and "
        f"to the API, from {ADDRESSES} addresses", f"at most {MOST_BYTES_A_DAY / 1e6:,.0f} MB",
        f"{rate * DAY / 1e6:,.0f} MB ({rate:,.0f} bytes/s)", rate * DAY <= MOST_BYTES_A_DAY,
    )


def main():
    options = arguments(__doc__)
    report = Report()
    attack(str(options.bin / "iofog-connector"), options.seconds, report)
    report.exit()


if __name__ == "__main__":
    main()
