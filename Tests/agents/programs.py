"""What the checks of the example agents run: the server, an agent, and the target that it connects visitors to."""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import queue
import random
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE = 60  # seconds for anything to happen that must happen
MAPPING_PORTS = 20
LARGE = random.Random(0).randbytes(5 * 1000 * 1000)
TICKS = 100
# More than all buffers between a target and a visitor can take.
ENDLESS = 100 * 1000 * 1000
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Failed(Exception):
    """Something is not as it must be."""


def free_ports(count):
    """So many ports in a row that nobody listens on at this moment."""
    while True:
        first = random.randrange(20000, 32000)
        with contextlib.ExitStack() as sockets:
            try:
                for port in range(first, first + count):
                    sockets.enter_context(socket.socket()).bind(("127.0.0.1", port))
                return first
            except OSError:
                continue


def wait_for(what, condition):
    until = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > until:
            raise Failed(f"waited in vain: {what}")
        time.sleep(0.02)


class Process:
    """A program whose output is read line by line."""

    def __init__(self, command, environment=None):
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace",
        )
        self.output = []
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.output.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def wait_for_line(self, text):
        """Until a line has this text, and hasn't been waited for before."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=1)
                if line is None:
                    break
                if text in line:
                    return line
        raise Failed(f"no line with {text!r} comes:\n{''.join(self.output)}")

    def pid(self):
        return self._process.pid

    def runs(self):
        return self._process.poll() is None

    def send(self, number):
        self._process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        if self.runs():
            self.send(number)
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        return self._process.returncode


class Connector:
    """The server, on free ports of 127.0.0.1. settings: what its configuration has besides."""

    def __init__(self, program, tls, settings=None):
        self._program = program
        self._settings = settings or {}
        self._folder = tempfile.TemporaryDirectory(prefix="check-agents-")
        self.certificate = self._make_certificate() if tls else None
        self.trust = ssl.create_default_context(cafile=self.certificate) if tls else None
        self.headers = {}  # that every call of the API has

    def __enter__(self):
        # Somebody else may take the ports before the server does; then it ends at once.
        for _ in range(5):
            self._start()
            wait_for("the server is ready", lambda: not self.process.runs() or self.is_healthy())
            if self.process.runs():
                return self
            self.process.stop()
        raise Failed(f"the server does not start:\n{''.join(self.process.output)}")

    def __exit__(self, kind, *_):
        self.process.send(signal.SIGCONT)
        code = self.process.stop()
        self._folder.cleanup()
        if kind is not None:
            sys.stderr.writelines(["The server's log:\n", *self.process.output])
        elif code != 0:
            raise Failed(f"the server ended with {code}:\n{''.join(self.process.output)}")

    def path(self, name):
        return str(pathlib.Path(self._folder.name) / name)

    def _make_certificate(self):
        certificate = self.path("server-cert.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=check-agents", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
             self.path("server-key.pem"), "-out", certificate], check=True, capture_output=True,
        )
        return certificate

    def _start(self):
        self.api_port = free_ports(1 + MAPPING_PORTS)
        config = {
            "ports": [f"{self.api_port + 1}-{self.api_port + MAPPING_PORTS}"],
            "exclude": [],
            "broker": {},
            "address": "127.0.0.1",
            "dev": self.trust is None,
            "api": {"bind": "127.0.0.1", "port": self.api_port},
            "pipes": {"bind": "127.0.0.1"},
            "database": self.path("mappings.db"),
        }
        if self.trust:
            config["tls"] = {"certificate": self.certificate, "key": self.path("server-key.pem")}
        for name, value in self._settings.items():
            config[name] = {**config[name], **value} if isinstance(config.get(name), dict) else value
        pathlib.Path(self.path("config")).write_text(json.dumps(config), encoding="utf-8")
        self.process = Process([self._program, f"--config={self.path('config')}"])

    def is_healthy(self):
        try:
            return self.call("GET", "/health").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(self, method, target, body=None):
        if self.trust:
            connection = http.client.HTTPSConnection("127.0.0.1", self.api_port, timeout=DEADLINE, context=self.trust)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=DEADLINE)
        with contextlib.closing(connection):
            media_type = {"Content-Type": "application/json"} if body else {}
            connection.request(method, target, body, {**media_type, **self.headers})
            response = connection.getresponse()
            response.text = response.read()
            return response

    def add(self, threshold=200000, **more):
        """Opens a public mapping. Its absence threshold is in milliseconds."""
        mapping = {"type": "public", "maxconnections": 10, "heartbeatabsencethreshold": threshold, **more}
        response = self.call("POST", "/api/v2/mapping/add", json.dumps(mapping))
        if response.status != 200:
            raise Failed(f"add is answered with {response.status}: {response.text}")
        return json.loads(response.text)

    @contextlib.contextmanager
    def stopped(self):
        """Connector does nothing, as if its machine were gone."""
        self.process.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send(signal.SIGCONT)

    def visit(self, mapping):
        visitor = socket.create_connection(("127.0.0.1", mapping["port2"]), DEADLINE)
        if self.trust:
            visitor = self.trust.wrap_socket(visitor, server_hostname="127.0.0.1")
        return visitor


class Agent(Process):
    """An example agent, for a mapping."""

    def __init__(self, command, mapping, target, certificate=None, host="127.0.0.1"):
        security = [] if certificate else ["--plain"]
        options = ["--host", host, "--port", str(mapping["port1"]), "--target", f"127.0.0.1:{target.port}", *security]
        settings = {"IOFOG_AGENT_PASSCODE": mapping["passcode1"], "SSL_CERT_FILE": certificate or ""}
        super().__init__([*command, *options], {**os.environ, **settings})

    def __enter__(self):
        return self

    def most_memory(self):
        """Bytes that it has ever had."""
        status = pathlib.Path(f"/proc/{self.pid()}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024

    def __exit__(self, kind, *_):
        self.stop(signal.SIGKILL)
        if kind is not None:
            sys.stderr.writelines(["The agent's output:\n", *self.output])


class Target:
    """The server that the agent connects visitors to. What it does with one is said by the visitor's first line."""

    def __init__(self):
        self.told = queue.Queue()
        self.sent = collections.Counter()
        self._forever = threading.Event()
        self._listener = None
        self.port = 0
        self.open()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which would keep it open
        self._listener.close()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(listener.accept()[0],), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(ConnectionError):
            line = b""
            while not line.endswith(b"\n"):
                line += receive(client, 1)
            getattr(self, f"_{line.decode().strip()}")(client)

    def _echo(self, client):
        while data := client.recv(65536):
            client.sendall(data)

    def _reverse(self, client):
        client.sendall(receive_all(client)[::-1])

    def _large(self, client):
        client.sendall(LARGE)

    def _endless(self, client):
        while self.sent[threading.get_ident()] < ENDLESS:
            self.sent[threading.get_ident()] += client.send(LARGE)

    def _tick(self, client):
        for _ in range(TICKS):
            client.sendall(bytes(1))
            time.sleep(0.05)

    def _farewell(self, client):
        client.sendall(b"farewell")
        client.shutdown(socket.SHUT_WR)
        self.told.put(receive_all(client))

    def _reset(self, client):
        reset(client)

    def _ignore(self, client):
        client.sendall(b"!")
        self._forever.wait()

    def _hear(self, client):
        client.sendall(b"!")
        try:
            self.told.put(receive_all(client))
        except ConnectionResetError:
            self.told.put("reset")


def receive(connection, size):
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise Failed(f"the connection ends after {len(data)} of {size} bytes")
        data += chunk
    return bytes(data)


def exchange(connection, data):
    """Sends, and receives as much meanwhile. In one thread, as Python's sockets with TLS don't take two."""
    received, sent = bytearray(), 0
    connection.setblocking(False)
    while len(received) < len(data):
        before = len(received) + sent
        with contextlib.suppress(*WOULD_BLOCK):
            sent += connection.send(data[sent : sent + 65536]) if sent < len(data) else 0
        with contextlib.suppress(*WOULD_BLOCK):
            chunk = connection.recv(65536)
            if not chunk:
                raise Failed(f"the connection ends after {len(received)} bytes")
            received += chunk
        if len(received) + sent == before:
            if not any(select.select([connection], [connection] if sent < len(data) else [], [], DEADLINE)):
                raise Failed(f"{sent} bytes sent, {len(received)} received, and nothing goes on")
    connection.settimeout(DEADLINE)
    return bytes(received)


def receive_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def expect(what, value, wanted):
    if value != wanted:
        raise Failed(f"{what}: {value!r:.200} instead of {wanted!r:.200}")


def ended(connection):
    """Whether nothing more comes but the end, of whatever kind."""
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True
