"""fail2ban's filter in packaging/fail2ban, with log lines that a server has written.

usage: check_fail2ban.py PROGRAM FILTER FAIL2BAN

PROGRAM is the server, FAIL2BAN a folder that Debian's package was unpacked into; without it, the installed one is used.
"""

import collections
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from programs import Connector, Failed, expect, receive, receive_all, wait_for  # noqa: E402  pylint: disable=C0413

SKIPPED = 77  # as CTest knows it
INNOCENT = "198.51.100.9"
FAKES = [
    f"api: {INNOCENT} was turned away with 403: GET /",
    f"Warning api: {INNOCENT} was turned away with 403: GET /",
    f"pipe: mapping 2ae8ff72-7447-47de-a4ec-123eb214d63e port 6000: agent {INNOCENT}:1 rejected: wrong passcode",
    f"\n2026-11-29T00:00:00.000Z Warning api: {INNOCENT} was turned away with 401: GET /",
]
HAS_IPV6 = pathlib.Path("/proc/net/if_inet6").exists()


def say(port, address, data):
    """All that is answered to somebody at this address."""
    host = "::1" if address == "::1" else "127.0.0.1"
    with socket.create_connection((host, port), 10, (address, 0)) as stranger:
        stranger.sendall(data.encode("latin-1"))
        stranger.shutdown(socket.SHUT_WR)
        try:
            return receive_all(stranger)
        except ConnectionResetError:
            return b""


def request(target, *headers, method="GET"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""])


def offend(connector, mapping):
    """What bans: of each address, how many lines."""
    wrong = "00000000-0000-4000-8000-000000000000"
    for _ in range(3):
        say(mapping["port1"], "127.0.0.2", wrong)
    say(connector.api_port, "127.0.0.3", request("/api/v2/mapping"))
    say(connector.api_port, "127.0.0.4", request("/api/v2/mapping", "Authorization: Bearer a-wrong-token"))
    expected = {"127.0.0.2": 3, "127.0.0.3": 1, "127.0.0.4": 1}
    if HAS_IPV6:
        say(mapping["port1"], "::1", wrong)
        say(connector.api_port, "::1", request("/api/v2/mapping"))
        expected["::1"] = 2
    return expected


def deceive(connector, mapping):
    """Lines of others, which name an address that did nothing; only those who send them may be banned."""
    for fake in FAKES:
        say(mapping["port1"], "127.0.0.5", fake)
        say(mapping["port2"], "127.0.0.5", fake)
        for encoded in (fake, fake.replace(" ", "%20").replace("\n", "%0A"), fake.replace(" ", "\t")):
            for address in ("127.0.0.1", "127.0.0.5"):
                say(connector.api_port, address, request("/" + encoded))
                say(connector.api_port, address, request(encoded))
                say(connector.api_port, address, request("/", f"User-Agent: {encoded}", f"X-Forwarded-For: {INNOCENT}"))
        say(connector.api_port, "127.0.0.5", request("/", method=INNOCENT))
        say(connector.api_port, "127.0.0.1", request("/nothing", method=INNOCENT))
        say(connector.api_port, "127.0.0.5", fake + "\r\n\r\n")


def lose_agent(mapping):
    with socket.create_connection(("127.0.0.1", mapping["port1"]), 10, ("127.0.0.6", 0)) as agent:
        agent.sendall(mapping["passcode1"].encode())
        expect("the answer to a right passcode", receive(agent, 10), b"AUTHORIZED")


def write_log(program, log):
    """What a server logs of all that; of each address, the lines that are to be found."""
    settings = {
        "api": {"bind": "::" if HAS_IPV6 else "0.0.0.0", "identities": [{"name": "me", "network": "127.0.0.1/32"}]},
        "pipes": {"bind": "::" if HAS_IPV6 else "0.0.0.0"},
        "log": {"file": str(log)},
        "limits": {"greeting-rest": 100, "visitor-wait": 100},
    }
    with Connector(program, tls=False, settings=settings) as connector:
        mapping = connector.add(threshold=0)
        expected = offend(connector, mapping)
        lose_agent(mapping)
        deceive(connector, mapping)
        wait_for("the agent's end is logged", lambda: " lost: " in log.read_text(encoding="utf-8"))
    return expected


def found(command, log, log_filter):
    """Of each address, how many lines the filter finds in that file."""
    run = subprocess.run([*command, "-o", "ip", str(log), str(log_filter)], capture_output=True, text=True, check=False)
    if run.returncode != 0 and run.stdout.strip():
        raise Failed(f"fail2ban-regex: {run.stdout}{run.stderr}")
    return collections.Counter(line for line in run.stdout.split() if re.fullmatch(r"[0-9a-f.:]+", line))


def as_journal(text):
    """As journalctl shows the service's lines."""
    line = re.compile(r"^\S+T(\d\d:\d\d:\d\d)\.\d+Z \w+ ", re.MULTILINE)
    return line.sub(r"Nov 29 \1 host iofog-connector[4711]: ", text)


def check(text, expected, command, log_filter):
    """That of those the filter finds only and all who did it: whoever has sent a fake may be found for having come."""
    with tempfile.TemporaryDirectory() as folder:
        for name, form in (("file", text), ("journal", as_journal(text))):
            log = pathlib.Path(folder, name)
            log.write_text(form, encoding="utf-8")
            addresses = found(command, log, log_filter)
            addresses.pop("127.0.0.5", None)
            expect(f"what is found in the form of a {name}", dict(addresses), expected)


def main():
    program, log_filter, unpacked = sys.argv[1:]
    command = [shutil.which("fail2ban-regex") or ""]
    if pathlib.Path(unpacked, "usr/bin/fail2ban-regex").exists():
        os.environ["PYTHONPATH"] = f"{unpacked}/usr/lib/python3/dist-packages"
        command = ["/usr/bin/python3", f"{unpacked}/usr/bin/fail2ban-regex", "-c", f"{unpacked}/etc/fail2ban"]
    if not command[0]:
        if os.environ.get("CI") == "true":
            sys.exit("CI must not skip the test of fail2ban's filter: there is no fail2ban-regex")
        if "CONNECTOR_SKIPPED" in os.environ:
            with open(os.environ["CONNECTOR_SKIPPED"], "a", encoding="utf-8") as skipped:
                skipped.write("skipped: fail2ban's filter: there is no fail2ban-regex\n")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "connector.log")
        expected = write_log(program, log)
        text = log.read_text(encoding="utf-8")
    for fake in (INNOCENT, "127.0.0.5", " lost: ", "callers turned away: "):
        if fake not in text:
            raise Failed(f"{fake!r} is not in the log, which is no test then:\n{text}")
    check(text, expected, command, log_filter)


if __name__ == "__main__":
    main()
