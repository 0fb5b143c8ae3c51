"""The programs of a fleet: PostgreSQL, Connectors, HAProxy, keepalived, agents."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys

import postgres
from network import PREFIX
from programs import Failed, Process, wait_for

PORTS = (6000, 6399)
API_PORT = 443
ADDRESS_SPREAD, ADDRESS_TOGETHER, ADDRESS_MOVED = PREFIX + "10", PREFIX + "9", PREFIX + "8"
ANSWER_SECONDS = 8
LAST_LINES = 20
running = []


def start(command):
    process = Process(command)
    process.command = " ".join(map(str, command))
    running.append(process)
    return process


def stop_all(kind, *_):
    """With what they have said at last, if it is an error that ends the test."""
    for process in reversed(running):
        process.stop(signal.SIGKILL)
        if kind:
            sys.stderr.writelines([f"\n{process.command}:\n", *process.output[-LAST_LINES:]])


def missing_program():
    for name in ("haproxy", "keepalived", "openssl"):
        if not find(name):
            return f"{name} is not installed"
    return None if postgres.programs() else "PostgreSQL is not installed"


def find(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def make_certificate(folder):
    names = ",".join(f"IP:{PREFIX}{number}" for number in (8, 9, 10, 11, 12, 13)) + ",IP:127.0.0.1"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=fleet", "-addext", f"subjectAltName={names}",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)


class Connector:
    """One of the fleet."""

    def __init__(self, host, folder, program, database):
        self.host, self.name = host, host.name
        self._program = program
        self._trust = ssl.create_default_context(cafile=folder / "cert.pem")
        state = folder / f"connector-{host.name}"
        state.mkdir()
        self._config = state / "config"
        self._config.write_text(json.dumps({
            "ports": [f"{PORTS[0]}-{PORTS[1]}"], "exclude": [], "broker": {}, "address": ADDRESS_SPREAD, "dev": False,
            "api": {"port": API_PORT, "identities": [{"name": "the test", "network": f"{PREFIX}1/32"}],
                    "trusted-proxies": [f"{PREFIX}2/32", f"{PREFIX}3/32"]},
            "pipes": {"allow-plain-visitors": True, "trusted-proxies": [f"{PREFIX}2/32", f"{PREFIX}3/32"]},
            "tls": {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem")},
            "node": host.name,
            "database": {"url": database.url, "password-file": str(database.password_file),
                         "cache": str(state / "cache.db")},
        }), encoding="utf-8")
        self.process = None
        self.start()

    def start(self):
        self.process = start(self.host.command(self._program, f"--config={self._config}"))

    def kill(self):
        self.process.stop(signal.SIGKILL)

    def health_command(self):
        return f"{self._program} health --config={self._config}"

    def call(self, method, target, body=None, address=None):
        """By its own address, or another that leads to it."""
        connection = http.client.HTTPSConnection(address or self.host.address, API_PORT, timeout=ANSWER_SECONDS,
                                                 context=self._trust)
        with contextlib.closing(connection):
            media_type = {"Content-Type": "application/json"} if body else {}
            connection.request(method, target, json.dumps(body) if body else None, media_type)
            response = connection.getresponse()
            response.json = json.loads(response.read())
            return response

    def is_healthy(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.call("GET", "/health").status == 200
        return False

    def await_ready(self):
        wait_for(f"{self.name} is ready", lambda: not self.process.runs() or self.is_healthy())
        if not self.process.runs():
            raise Failed(f"{self.name} has ended")

    def mappings(self):
        """By id, without what is each Connector's own."""
        kept = ("id", "type", "label", "port1", "port2")
        listed = self.call("GET", "/api/v2/mapping").json["mappings"]
        return {each["id"]: {key: each.get(key) for key in kept} for each in listed}

    def agents_waiting(self, mapping_id):
        return self.call("GET", f"/api/v2/mapping/{mapping_id}").json.get("agentswaiting", 0)

    def await_agents(self, ids):
        """Until an agent waits at each."""
        def have_agents():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return all(self.agents_waiting(each) for each in ids)
            return False
        wait_for(f"an agent at each mapping of {self.name}", have_agents)


class Balancer:
    """HAProxy as in doc/fleet, on a host of two, between which keepalived moves its addresses."""

    # What is different here: more ports, fewer descriptors.
    CHANGES = (("maxconn 20000", "maxconn 2000"), ("6000-6050", f"{PORTS[0]}-{PORTS[1]}"))

    def __init__(self, host, other, folder, sources):
        self.host = host
        subprocess.run(host.command("sysctl", "-q", "-w", "net.ipv4.ip_nonlocal_bind=1"), check=True)
        text = replaced((sources / "haproxy.cfg").read_text("utf-8"), *self.CHANGES)
        config = folder / f"{host.name}.cfg"
        config.write_text(text, encoding="utf-8")
        self._haproxy = start(host.command(find("haproxy"), "-db", "-f", config))
        # As the comment there says: on balancers, the script is about HAProxy, and both addresses move.
        text = replaced((sources / "keepalived.conf").read_text("utf-8"),
                        ("/usr/bin/iofog-connector health", f"/usr/bin/test -d /proc/{self._haproxy.pid()}"),
                        ("user iofog-connector", "user root"), ("192.0.2.8/24", "192.0.2.9/24\n        192.0.2.10/24"),
                        ("192.0.2.11", host.address), ("192.0.2.12\n        192.0.2.13", other.address))
        config = folder / f"{host.name}-keepalived.conf"
        config.write_text(text, encoding="utf-8")
        pids = [f"--{name}={folder}/{host.name}-{name}" for name in ("pid", "vrrp_pid", "checkers_pid")]
        self._keepalived = start(host.command(find("keepalived"), "-n", "-l", "-f", config, *pids))

    def has_address(self):
        shown = subprocess.run(["ip", "-n", self.host.name, "address"], capture_output=True, text=True, check=True)
        return f"inet {ADDRESS_SPREAD}/" in shown.stdout

    def kill(self):
        """HAProxy alone: keepalived is to notice."""
        self._haproxy.stop(signal.SIGKILL)

    def log(self):
        return self._haproxy.output


def replaced(text, *changes):
    for before, after in changes:
        if before not in text:
            raise Failed(f"there is no {before!r} any more in:\n{text}")
        text = text.replace(before, after)
    return text


class Agent:
    """Ours, for a mapping's port."""

    def __init__(self, program, host, folder, mapping, side=1, hosts=None, options=(), **more):
        path = folder / f"agent-{mapping['id']}-{side}.json"
        pem = (folder / "cert.pem").read_text(encoding="utf-8")
        body = re.sub(r"-----.*?-----|\s", "", pem)
        path.write_text(json.dumps({
            "mode": "private" if mapping["passcode2"] else "public", "host": hosts, "connectioncount": 10,
            "port": mapping[f"port{side}"], "passcode": mapping[f"passcode{side}"], "cert": body, **more}), encoding="utf-8")
        self.process = start(host.command(program, f"--config={path}", *options))
