"""The files of doc/fleet, by the programs that they are for.

usage: check_files.py CONNECTOR SOURCES
"""

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

import network  # noqa: E402  pylint: disable=C0413
import servers  # noqa: E402  pylint: disable=C0413
from programs import Connector, Failed, expect  # noqa: E402  pylint: disable=C0413
from skipping import skip  # noqa: E402  pylint: disable=C0413

# keepalived wants the interface to be there: in a network of its own.
WITH_ETH0 = ["unshare", "--net", "sh", "-c", 'ip link add name eth0 type bridge && exec "$@"', "sh"]


def run(*command):
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    # keepalived's warnings are no failure to it.
    complaints = [line for line in ended.stderr.splitlines() if "NOTICE" not in line]
    if ended.returncode != 0 or complaints:
        raise Failed(f"{' '.join(map(str, command))}: {ended.returncode}\n{ended.stdout}{ended.stderr}")


def stored(database):
    """What import takes over, of each mapping."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT id, type, port1, passcode1, maxconnections1, heartbeatabsencethreshold1, port2, "
                                  "passcode2, heartbeatabsencethreshold2 FROM mapping ORDER BY id").fetchall()


def check_move(program, query):
    """That mappings get from one database to another as the page says."""
    private = {"type": "private", "maxconnectionsport1": 3, "maxconnectionsport2": 4,
               "heartbeatabsencethresholdport1": 5000, "heartbeatabsencethresholdport2": 6000}
    with Connector(program, tls=False) as connector, tempfile.TemporaryDirectory() as folder:
        connector.add()
        connector.call("POST", "/api/v2/mapping/add", json.dumps(private))
        configuration = json.loads(pathlib.Path(connector.path("config")).read_text("utf-8"))
        with contextlib.closing(sqlite3.connect(configuration["database"])) as database:
            text = database.execute(query).fetchone()[0]
        exported, config = pathlib.Path(folder, "mappings.json"), pathlib.Path(folder, "config")
        exported.write_text(text, encoding="utf-8")
        config.write_text(json.dumps(configuration | {"database": f"{folder}/mappings.db"}), encoding="utf-8")
        run(program, "import", exported, f"--config={config}")
        expect("what was imported", stored(f"{folder}/mappings.db"), stored(configuration["database"]))


def main():
    folder = pathlib.Path(sys.argv[2], "doc/fleet")
    check_move(sys.argv[1], (folder / "mappings.sql").read_text("utf-8"))
    if missing := servers.missing_program():
        skip("the files of doc/fleet", missing)
    run(servers.find("haproxy"), "-c", "-f", folder / "haproxy.cfg")
    if reason := network.unavailable():
        skip("doc/fleet/keepalived.conf", reason)
    text = servers.replaced((folder / "keepalived.conf").read_text("utf-8"),
                            # which are not there where no package is installed
                            ("/usr/bin/iofog-connector health", "/bin/true health"),
                            ("user iofog-connector", "user root"))
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        run(*WITH_ETH0, servers.find("keepalived"), "-t", "-f", file.name)


if __name__ == "__main__":
    main()
