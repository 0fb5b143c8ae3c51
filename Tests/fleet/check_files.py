"""The files of doc/fleet, by the programs that they are for.

usage: check_files.py SOURCES
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

import network  # noqa: E402  pylint: disable=C0413
import servers  # noqa: E402  pylint: disable=C0413
from programs import Failed  # noqa: E402  pylint: disable=C0413
from skipping import skip  # noqa: E402  pylint: disable=C0413

# keepalived wants the interface to be there: in a network of its own.
WITH_ETH0 = ["unshare", "--net", "sh", "-c", 'ip link add name eth0 type bridge && exec "$@"', "sh"]


def run(*command):
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    # keepalived's warnings are no failure to it.
    complaints = [line for line in ended.stderr.splitlines() if "NOTICE" not in line]
    if ended.returncode != 0 or complaints:
        raise Failed(f"{' '.join(map(str, command))}: {ended.returncode}\n{ended.stdout}{ended.stderr}")


def main():
    folder = pathlib.Path(sys.argv[1], "doc/fleet")
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
