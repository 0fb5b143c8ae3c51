"""fail2ban's filter in packaging/fail2ban, with log lines that a server has written.

usage: check_fail2ban.py PROGRAM FILTER FAIL2BAN

PROGRAM is the server, FAIL2BAN a folder that Debian's package was unpacked into; without it, the installed one is used.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from programs import Connector, Failed, Process, expect, receive, receive_all, wait_for  # noqa: E402  pylint: disable=C0413

SKIPPED = 77  # as CTest knows it
INNOCENT = "198.51.100.9"
FAKES = [
    f"api: {INNOCENT} was turned away with 403: GET /",
    f"Warning api: {INNOCENT} was turned away with 403: GET /",
    f"pipe: mapping 2ae8ff72-7447-47de-a4ec-123eb214d63e port 6000: agent {INNOCENT}:1 rejected: wrong passcode",
    f"\n2026-11-29T00:00:00.000Z Warning api: {INNOCENT} was turned away with 401: GET /",
    f"front port 443: agent {INNOCENT}:1 rejected: wrong passcode",
    f"x: agent {INNOCENT}:1 rejected: wrong passcode",
]
WRONG = "00000000-0000-4000-8000-000000000000"
DOMAIN = "fog.example.org"
# As an earlier Connector's may be.
IMPORTED = ["7", "gate 2 (west)", "pumpe-ü:3"]
HAS_IPV6 = pathlib.Path("/proc/net/if_inet6").exists()


def say(port, address, data, trust=None):
    """All that is answered to somebody at this address. trust: what TLS is to be spoken with."""
    host = "::1" if address == "::1" else "127.0.0.1"
    with contextlib.ExitStack() as ends:
        stranger = ends.enter_context(socket.create_connection((host, port), 10, (address, 0)))
        if trust:
            stranger = ends.enter_context(trust.wrap_socket(stranger, server_hostname=host))
        stranger.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
        stranger.shutdown(socket.SHUT_WR)
        try:
            return receive_all(stranger)
        except ConnectionResetError:
            return b""


def request(target, *headers, method="GET"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""])


def offend(connector, mapping):
    """What bans: of each address, how many lines."""
    for _ in range(3):
        say(mapping["port1"], "127.0.0.2", WRONG)
    say(connector.api_port, "127.0.0.3", request("/api/v2/mapping"))
    say(connector.api_port, "127.0.0.4", request("/api/v2/mapping", "Authorization: Bearer a-wrong-token"))
    expected = {"127.0.0.2": 3, "127.0.0.3": 1, "127.0.0.4": 1}
    if HAS_IPV6:
        say(mapping["port1"], "::1", WRONG)
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


def agent_of(mapping):
    agent = socket.create_connection(("127.0.0.1", mapping["port1"]), 10, ("127.0.0.6", 0))
    agent.sendall(mapping["passcode1"].encode())
    expect("the answer to a right passcode", receive(agent, 10), b"AUTHORIZED")
    return agent


def relay(mapping):
    with agent_of(mapping) as agent, socket.create_connection(("127.0.0.1", mapping["port2"]), 10) as visitor:
        visitor.sendall(b"x")
        expect("what a visitor has sent", receive(agent, 1), b"x")


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def refuse(mapping, why):
    """As an agent of PIPE/2 that takes no visitor and says why, which is logged. It has the right passcode."""
    settings, headers, whole_and_last, status500 = 4, 1, 5, b"\x8e"
    with socket.create_connection(("127.0.0.1", mapping["port1"]), 10, ("127.0.0.5", 0)) as agent:
        agent.sendall(f"PIPE/2 {mapping['passcode1']}\n".encode())
        while receive(agent, 1) != b"\n":
            pass
        agent.sendall(frame(settings, 0, 0, b""))
        with socket.create_connection(("127.0.0.1", mapping["port2"]), 10) as visitor:
            visitor.sendall(b"x")
            receive(agent, len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
            kind = None
            while kind != headers:
                size, kind = struct.unpack("!3sB5x", receive(agent, 9))
                receive(agent, int.from_bytes(size, "big"))
            reason = b"\x00\x0bpipe-reason" + bytes([len(why)]) + why.encode()
            agent.sendall(frame(headers, whole_and_last, 1, status500 + reason))
            with contextlib.suppress(ConnectionResetError):
                receive_all(visitor)


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
        agent_of(mapping).close()
        deceive(connector, mapping)
        wait_for("the agent's end is logged", lambda: " lost: " in log.read_text(encoding="utf-8"))
        relay(connector.add(label=FAKES[-1], logrelays=True))
        wait_for("a relay's end is logged", lambda: f"({FAKES[-1]}): relay of" in log.read_text(encoding="utf-8"))
        refuse(connector.add(threshold=0), FAKES[-1])
    return expected


def hello(name):
    """The beginning of a TLS handshake with whoever has this name, which may have any characters."""
    stand_in = "".join("." if i % 60 == 30 else "a" for i in range(len(name))) + "." + DOMAIN
    sent = ssl.MemoryBIO()
    stranger = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname=stand_in)
    with contextlib.suppress(ssl.SSLWantReadError):
        stranger.do_handshake()
    return sent.read().replace(stand_in.encode(), f"{name}.{DOMAIN}".encode())


def earlier_mapping(number, port):
    return {
        "id": IMPORTED[number], "port1": port, "port2": port + 1, "maxconnectionsport1": 1, "maxconnectionsport2": 1,
        "passcodeport1": str(number) * len(WRONG), "passcodeport2": "", "heartbeatabsencethresholdport1": 0,
        "heartbeatabsencethresholdport2": 0,
    }


def begin_front(program, connector, front):
    """Begins the server anew, with a front and with mappings of an earlier one, behind whose ports it has its own."""
    connector.process.stop()
    config = pathlib.Path(connector.path("config"))
    settings = {"exclude": [str(front)], "front": {"port": front, "http-port": 0, "domain": DOMAIN}}
    config.write_text(json.dumps(json.loads(config.read_text(encoding="utf-8")) | settings), encoding="utf-8")
    earlier = pathlib.Path(connector.path("configs.json"))
    mappings = [earlier_mapping(i, front + 1 + 2 * i) for i in range(len(IMPORTED))]
    earlier.write_text(json.dumps({"mappings": mappings}), encoding="utf-8")
    subprocess.run([program, f"--config={config}", "import", str(earlier)], check=True, stdout=subprocess.DEVNULL)
    connector.process = Process([program, f"--config={config}"])
    wait_for("the server is ready again", connector.is_healthy)
    return [mapping["port1"] for mapping in mappings]


def write_front_log(program, log):
    """The same of one with a front, behind what is in the log; and of mappings of an earlier Connector."""
    settings = {"api": {"identities": [{"name": "me", "network": "127.0.0.1/32"}]}, "log": {"file": str(log)}}
    with Connector(program, tls=True, settings=settings) as connector:
        front = connector.api_port + 1
        for port in begin_front(program, connector, front):
            say(port, "127.0.0.7", WRONG, connector.trust)
        connector.trust.set_alpn_protocols(["iofog-pipe/2"])
        for _ in range(2):
            say(front, "127.0.0.8", f"PIPE/2 {WRONG}\n", connector.trust)
        for fake in FAKES:
            say(front, "127.0.0.5", hello(fake))
            say(front, "127.0.0.5", f"PIPE/2 {fake}\n", connector.trust)
    return {"127.0.0.7": len(IMPORTED), "127.0.0.8": 2}


def without_port(text):
    """A line of a mapping without ports. What is wrong the front knows already, but for a passcode that changes just
    then."""
    line = re.search(r"^.* agent 127\.0\.0\.2:.* wrong passcode\n", text, re.MULTILINE)[0]
    return re.sub(r" port \d+: agent 127\.0\.0\.2:", ": agent 127.0.0.9:", line)


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
        expected = {**write_log(program, log), **write_front_log(program, log), "127.0.0.9": 1}
        text = log.read_text(encoding="utf-8")
    text += without_port(text)
    for fake in (INNOCENT, "127.0.0.5", " lost: ", "callers turned away: ", f"has its name: {FAKES[-1]}\n", f"refused it: 500, {FAKES[-1]}\n"):
        if fake not in text:
            raise Failed(f"{fake!r} is not in the log, which is no test then:\n{text}")
    check(text, expected, command, log_filter)


if __name__ == "__main__":
    main()
