"""What the attacks have in common: each is a script attack_NAME.py that starts a server, attacks it, and says what was
wanted and what was measured. `./do attack [NAME...]` runs them; they are no part of `./do test`, which has a short form of
each.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from programs import Connector  # noqa: E402, F401  pylint: disable=wrong-import-position,unused-import


class Report:
    """Of each aim, what was wanted and what was measured."""

    def __init__(self):
        self._missed = 0

    def add(self, what, wanted, measured, reached):
        self._missed += not reached
        print(f"{'ok    ' if reached else 'MISSED'} | {what} | wanted: {wanted} | measured: {measured}", flush=True)

    def exit(self):
        sys.exit(1 if self._missed else 0)


def arguments(description):
    """--bin: where the programs are. --seconds: how long each attack goes on."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="the folder of the programs")
    parser.add_argument("--seconds", type=float, default=20, help="how long each attack goes on (20)")
    return parser.parse_args()


@contextlib.contextmanager
def agent(options, connector, mapping, port, *flags, **settings):
    """Our agent, which takes this port for Connector's. settings: keys of its configuration."""
    config = pathlib.Path(connector.path("agent.json"))
    certificate = pathlib.Path(connector.certificate).read_text(encoding="utf-8") if connector.certificate else None
    config.write_text(json.dumps({
        "mode": "public", "host": "127.0.0.1", "port": port, "passcode": mapping["passcode1"],
        "connectioncount": 4, "localhost": "localhost", "localport": 9, "heartbeatfrequency": 20000,
        "heartbeatabsencethreshold": 60000, "devmode": not certificate,
        **({"cert": certificate} if certificate else {}), **settings}), encoding="utf-8")
    command = [str(options.bin / "iofog-connector-agent"), f"--config={config}", *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def waiting(connector, mapping):
    """How many agents of the mapping wait."""
    return json.loads(connector.call("GET", f"/api/v2/mapping/{mapping['id']}").text)["agentswaiting"]
