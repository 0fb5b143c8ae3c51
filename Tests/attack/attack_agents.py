"""Agents at the other end of a long line, while strangers flood the port that they come to."""

import asyncio
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

import attacks

FLOOD = str(pathlib.Path(__file__).resolve().parent / "flood.py")
PLACES = 60
RATE = 4000
GUESSES = 100
PORTS = 10


class Relay:
    """Between an agent and Connector, as long as it is entered: connects at once, from an address of its own, and passes
    bytes on half a round trip later. So Connector keeps each connection for a round trip before it can hear of it."""

    ADDRESS = "127.2.0.1"

    def __init__(self, port, round_trip):
        self._to, self._delay = port, round_trip / 2000
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self):
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=100))
        self.port = server.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(self, *_error):
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _finish(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to, local_addr=(self.ADDRESS, 0))
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))

    async def _pass_on(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self._loop.call_later(self._delay, writer.write, data)
        self._loop.call_later(self._delay, writer.close)


class Flood:
    """flood.py, as long as it is entered."""

    def __init__(self, host, ports, kind, tls, addresses, seconds):
        command = [sys.executable, FLOOD, f"--host={host}", f"--kind={kind}", f"--addresses={addresses}",
                   f"--rate={RATE}", f"--seconds={seconds}"] + [f"--port={port}" for port in ports]
        self._process = subprocess.Popen(command + (["--tls"] if tls else []), stdout=subprocess.PIPE, text=True)

    def result(self):
        return json.loads(self._process.communicate()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._process.kill()
        self._process.wait()


def seconds_until(connector, mapping, count, most):
    """How long it takes until so many agents wait, and how many do in the end."""
    begun = time.monotonic()
    while (there := attacks.waiting(connector, mapping)) < count and time.monotonic() - begun < most:
        time.sleep(0.1)
    return time.monotonic() - begun, there


def attack(report, options, round_trip, tls, kind, addresses):
    with attacks.Connector(str(options.bin / "iofog-connector"), tls) as connector:
        for name, flags, wanted, settings in (("PIPE/1", ["--pipe1"], PLACES, {}), ("PIPE/2", [], 4, {"connections": 4})):
            mapping = connector.add(maxconnections=PLACES)
            with Relay(mapping["port1"], round_trip) as relay, \
                    Flood("127.0.0.1", [mapping["port1"]], kind, tls, addresses, options.seconds + 2) as flood:
                time.sleep(2)
                with attacks.agent(options, connector, mapping, relay.port, *flags, connectioncount=PLACES, **settings):
                    took, there = seconds_until(connector, mapping, wanted, options.seconds - 2)
                    made = flood.result()
            report.add(
                f"{name}, {'TLS' if tls else 'dev'}, {round_trip} ms, {kind} connections from {addresses} addresses",
                f"{wanted} of {wanted} agents",
                f"{there} after {took:.1f} s, at {made['rate']:.0f} connections/s ({made['closed']:.0f} closed)",
                there == wanted)


def guess(report, options):
    """Wrong passcodes from one address, at many ports in turn; an agent of that address comes to one of them."""
    with attacks.Connector(str(options.bin / "iofog-connector"), False) as connector:
        ports = [connector.add(maxconnections=PLACES)["port1"] for _ in range(PORTS)]
        with Flood("127.0.0.1", ports, "wrong", False, 1, options.seconds) as flood:
            flood.result()
        judged = len(re.findall("rejected: wrong passcode", "".join(connector.process.output)))
        left_out = sum(map(int, re.findall(r"rejected.*\((\d+) such lines", "".join(connector.process.output))))
    report.add(f"passcodes guessed at {len(ports)} ports from one address", f"{GUESSES} a second at the most",
               f"{(judged + left_out) / options.seconds:.0f} a second", judged + left_out <= GUESSES * options.seconds)


def main():
    options = attacks.arguments(__doc__)
    report = attacks.Report()
    for tls, kind in ((False, "silent"), (True, "hello")):
        for round_trip in (100, 200):
            for addresses in (1, 100):
                attack(report, options, round_trip, tls, kind, addresses)
    guess(report, options)
    report.exit()


main()
