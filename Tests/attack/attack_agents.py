"""Agents behind a long line, while strangers flood the port that they come to."""

import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time

import attacks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

from line import Line  # noqa: E402  pylint: disable=wrong-import-position

FLOOD = str(pathlib.Path(__file__).resolve().parent / "flood.py")
PLACES = 60
RATE = 4000
MEGABITS = 1000
GUESSES = 100
PORTS = 10


class Setup:
    """What Line asks for."""

    def __init__(self, folder):
        self._folder = folder

    def program(self, name):
        return str(self._folder / name)


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


@contextlib.contextmanager
def agent(setup, line, connector, mapping, options, **settings):
    """Our agent, at the far end of the line."""
    config = pathlib.Path(connector.path("agent.json"))
    certificate = pathlib.Path(connector.certificate).read_text(encoding="utf-8") if connector.certificate else None
    config.write_text(json.dumps({
        "mode": "public", "host": line.NEAR, "port": mapping["port1"], "passcode": mapping["passcode1"],
        "connectioncount": PLACES, "localhost": "localhost", "localport": 9, "heartbeatfrequency": 20000,
        "heartbeatabsencethreshold": 60000, "devmode": not certificate,
        **({"cert": certificate} if certificate else {}), **settings}), encoding="utf-8")
    command = [setup.program("iofog-connector-agent"), f"--config={config}", *options]
    process = subprocess.Popen(line.at_far_end(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def waiting(connector, mapping):
    return json.loads(connector.call("GET", f"/api/v2/mapping/{mapping['id']}").text)["agentswaiting"]


def seconds_until(connector, mapping, count, most):
    """How long it takes until so many agents wait, and how many do in the end."""
    begun = time.monotonic()
    while (there := waiting(connector, mapping)) < count and time.monotonic() - begun < most:
        time.sleep(0.1)
    return time.monotonic() - begun, there


class LineConnector(attacks.Connector):
    """The server, with a certificate for its end of the line."""

    def _make_certificate(self):
        certificate = self.path("server-cert.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=attack", "-addext",
             f"subjectAltName=IP:127.0.0.1,IP:{Line.NEAR}", "-keyout", self.path("server-key.pem"), "-out", certificate],
            check=True, capture_output=True)
        return certificate


def attack(report, options, round_trip, tls, kind, addresses):
    setup = Setup(options.bin)
    with Line(setup, round_trip, MEGABITS) as line, \
            LineConnector(setup.program("iofog-connector"), tls, {"pipes": {"bind": "0.0.0.0"}}) as connector:
        for name, flags, wanted, settings in (("PIPE/1", ["--pipe1"], PLACES, {}), ("PIPE/2", [], 4, {"connections": 4})):
            mapping = connector.add(maxconnections=PLACES)
            flood = Flood(line.NEAR, [mapping["port1"]], kind, tls, addresses, options.seconds + 2)
            with flood:
                time.sleep(2)
                with agent(setup, line, connector, mapping, flags, **settings):
                    took, there = seconds_until(connector, mapping, wanted, options.seconds - 2)
                    made = flood.result()
            report.add(
                f"{name}, {'TLS' if tls else 'dev'}, {round_trip} ms, {kind} connections from {addresses} addresses",
                f"{wanted} of {wanted} agents",
                f"{there} after {took:.1f} s, at {made['rate']:.0f} connections/s ({made['closed']:.0f} closed)",
                there == wanted)


def guess(report, options):
    """Wrong passcodes from one address, at many ports in turn; an agent of that address comes to one of them."""
    with LineConnector(str(options.bin / "iofog-connector"), False) as connector:
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
