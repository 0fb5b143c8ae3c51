#!/usr/bin/python3
"""Runs an example agent of doc/agents with the server.

    check_agents.py python|go IOFOG_CONNECTOR BUILD_FOLDER

Starts the server, opens public mappings, and connects visitors to a target through the agent, in plain TCP and with
TLS. In BUILD_FOLDER the agent is built, if it has to be. Skipped where what it needs isn't installed; with CI=true in
the environment that is an error.
"""

import collections
import concurrent.futures
import contextlib
import http.client
import importlib.util
import json
import os
import pathlib
import queue
import random
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

AGENTS = pathlib.Path(__file__).resolve().parents[2] / "doc" / "agents"
DEADLINE = 60  # seconds for anything to happen that must happen
MAPPING_PORTS = 20
LARGE = random.Random(0).randbytes(5 * 1000 * 1000)
# More than all buffers between a target and a visitor can take.
ENDLESS = 200 * 1000 * 1000
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Failed(Exception):
    """Something is not as it must be."""


# --- what is tested ----------------------------------------------------------------------------------------------


def python_agent(_):
    if sys.version_info < (3, 11) or importlib.util.find_spec("h2") is None:
        skip("Python 3.11 with h2 is not installed")
    return [sys.executable, str(AGENTS / "agent.py")]


def go_agent(build_folder):
    # Debian's comes first: its libraries need not fit a newer one.
    go = shutil.which("go", path=f"/usr/bin:{os.environ['PATH']}")
    libraries = pathlib.Path("/usr/share/gocode")
    if not go or not (libraries / "src/golang.org/x/net/http2").exists():
        skip("Go and golang.org/x/net are not installed")
    program = build_folder / "go-agent"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(libraries), "GOCACHE": str(build_folder / "go-cache")}
    subprocess.run([go, "build", "-o", program, "."], cwd=AGENTS / "go", env=environment, check=True)
    return [str(program)]


LANGUAGES = {"python": python_agent, "go": go_agent}


def skip(why):
    name = f"agents.{sys.argv[1]}"
    if os.environ.get("CI") == "true":
        sys.exit(f"CI must not skip {name}: {why}")
    line = f"skipped: {name}: {why}\n"
    if "CONNECTOR_SKIPPED" in os.environ:
        with open(os.environ["CONNECTOR_SKIPPED"], "a", encoding="utf-8") as file:
            file.write(line)
    sys.stderr.write(line)
    sys.exit(0)


# --- what runs ---------------------------------------------------------------------------------------------------


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
    """The server, on free ports of 127.0.0.1."""

    def __init__(self, program, tls):
        self._program = program
        self._folder = tempfile.TemporaryDirectory(prefix="check-agents-")
        self.certificate = self._path("server-cert.pem")
        self._trust = None
        if tls:
            self._make_certificate()
            self._trust = ssl.create_default_context(cafile=self.certificate)

    def __enter__(self):
        # Somebody else may take the ports before the server does; then it ends at once.
        for _ in range(5):
            self._start()
            wait_for("the server is ready", lambda: not self._process.runs() or self._is_healthy())
            if self._process.runs():
                return self
            self._process.stop()
        raise Failed(f"the server does not start:\n{''.join(self._process.output)}")

    def __exit__(self, kind, *_):
        self._process.send(signal.SIGCONT)
        code = self._process.stop()
        self._folder.cleanup()
        if kind is not None:
            sys.stderr.writelines(["The server's log:\n", *self._process.output])
        elif code != 0:
            raise Failed(f"the server ended with {code}:\n{''.join(self._process.output)}")

    def _path(self, name):
        return str(pathlib.Path(self._folder.name) / name)

    def _make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=check-agents", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
             self._path("server-key.pem"), "-out", self.certificate], check=True, capture_output=True,
        )

    def _start(self):
        self._api_port = free_ports(1 + MAPPING_PORTS)
        config = {
            "ports": [f"{self._api_port + 1}-{self._api_port + MAPPING_PORTS}"],
            "exclude": [],
            "broker": {},
            "address": "127.0.0.1",
            "dev": self._trust is None,
            "api": {"bind": "127.0.0.1", "port": self._api_port},
            "pipes": {"bind": "127.0.0.1"},
            "database": self._path("mappings.db"),
        }
        if self._trust:
            config["tls"] = {"certificate": self.certificate, "key": self._path("server-key.pem")}
        pathlib.Path(self._path("config")).write_text(json.dumps(config), encoding="utf-8")
        self._process = Process([self._program, f"--config={self._path('config')}"])

    def _is_healthy(self):
        try:
            return self._call("GET", "/health").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _call(self, method, target, body=None):
        if self._trust:
            connection = http.client.HTTPSConnection("127.0.0.1", self._api_port, timeout=DEADLINE, context=self._trust)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self._api_port, timeout=DEADLINE)
        with contextlib.closing(connection):
            connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            response.text = response.read()
            return response

    def add(self, threshold=200000):
        """Opens a public mapping. Its absence threshold is in milliseconds."""
        mapping = {"type": "public", "maxconnections": 10, "heartbeatabsencethreshold": threshold}
        response = self._call("POST", "/api/v2/mapping/add", json.dumps(mapping))
        if response.status != 200:
            raise Failed(f"add is answered with {response.status}: {response.text}")
        return json.loads(response.text)

    @contextlib.contextmanager
    def stopped(self):
        """Connector does nothing, as if its machine were gone."""
        self._process.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send(signal.SIGCONT)

    def visit(self, mapping):
        visitor = socket.create_connection(("127.0.0.1", mapping["port2"]), DEADLINE)
        if self._trust:
            visitor = self._trust.wrap_socket(visitor, server_hostname="127.0.0.1")
        return visitor


class Agent(Process):
    """The example, started for a mapping."""

    def __init__(self, command, connector, mapping, target, host="127.0.0.1"):
        transport = ["--cafile", connector.certificate] if os.path.exists(connector.certificate) else ["--plain"]
        options = ["--host", host, "--port", str(mapping["port1"]), "--target", f"127.0.0.1:{target.port}", *transport]
        super().__init__([*command, *options], {**os.environ, "IOFOG_AGENT_PASSCODE": mapping["passcode1"]})

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(signal.SIGKILL)
        if kind is not None:
            sys.stderr.writelines(["The agent's output:\n", *self.output])


class Target:
    """The server that the agent connects visitors to. What it does with one is said by the visitor's first line."""

    def __init__(self):
        self.told = queue.Queue()
        self.sent = collections.Counter()
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

    def _farewell(self, client):
        client.sendall(b"farewell")
        client.shutdown(socket.SHUT_WR)
        self.told.put(receive_all(client))

    def _reset(self, client):
        reset(client)

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


# --- what must be so ---------------------------------------------------------------------------------------------


def check_many(visit, _):
    count = 50
    barrier = threading.Barrier(count, timeout=DEADLINE)

    def visitor(number):
        own = random.Random(number)
        with visit() as connection:
            connection.sendall(b"echo\n")
            for _ in range(5):
                data = own.randbytes(own.randrange(1, 30000))
                connection.sendall(data)
                expect(f"visitor {number}", receive(connection, len(data)), data)
                barrier.wait()

    with concurrent.futures.ThreadPoolExecutor(count) as visitors:
        list(visitors.map(visitor, range(count)))


def check_large(visit, _):
    with visit() as connection:
        connection.sendall(b"echo\n")
        expect("both ways", exchange(connection, LARGE) == LARGE, True)
    with visit() as connection:
        connection.sendall(b"large\n")
        expect("to the visitor", receive_all(connection) == LARGE, True)


def check_visitor_ends_first(visit, _):
    with visit() as connection:
        connection.sendall(b"reverse\n" + LARGE)
        connection.shutdown(socket.SHUT_WR)
        expect("the answer", receive_all(connection) == LARGE[::-1], True)


def check_target_ends_first(visit, target):
    with visit() as connection:
        connection.sendall(b"farewell\n")
        expect("what the visitor gets", receive_all(connection), b"farewell")
        connection.sendall(b"good ")
        connection.sendall(b"night")
        connection.shutdown(socket.SHUT_WR)
        expect("what the target gets", target.told.get(timeout=DEADLINE), b"good night")


def check_target_resets(visit, _):
    with visit() as connection:
        connection.sendall(b"reset\n")
        try:
            raise Failed(f"no reset, but {receive_all(connection)}")
        except ConnectionResetError:
            pass


def check_visitor_resets(visit, target):
    with visit() as connection:
        connection.sendall(b"hear\n")
        receive(connection, 1)
        reset(connection)
    expect("what the target sees", target.told.get(timeout=DEADLINE), "reset")


def check_refused(visit, target):
    target.close()
    with visit() as connection:
        connection.sendall(b"echo\n")
        expect("what the visitor gets", ended(connection), True)
    target.open()
    check_echo(visit)


def check_slow_visitor(visit, target):
    with visit() as slow:
        slow.sendall(b"endless\n")
        receive(slow, 1)
        for _ in range(4):
            with visit() as connection:
                connection.sendall(b"large\n")
                expect("beside a slow visitor", receive_all(connection) == LARGE, True)
        expect("the slow visitor's target is held up", sum(target.sent.values()) < ENDLESS, True)


def check_echo(visit):
    with visit() as connection:
        connection.sendall(b"echo\nHello!")
        expect("the echo", receive(connection, 6), b"Hello!")


def ended(connection):
    """Whether nothing more comes but the end, of whatever kind."""
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True


ANYWHERE = [check_many, check_large, check_refused, check_slow_visitor]
# Python's sockets with TLS know neither half-close nor resets.
PLAIN = [check_visitor_ends_first, check_target_ends_first, check_target_resets, check_visitor_resets]


def check_killed(command, connector, target):
    mapping = connector.add()
    with Agent(command, connector, mapping, target) as agent, connector.visit(mapping) as connection:
        connection.sendall(b"echo\n!")
        receive(connection, 1)
        agent.stop(signal.SIGKILL)
        expect("what the visitor sees", ended(connection), True)
    with Agent(command, connector, mapping, target):
        check_echo(lambda: connector.visit(mapping))


def check_silence(command, connector, target):
    """Connector is given up when nothing comes from it any more, and found again."""
    mapping = connector.add(threshold=3000)
    with Agent(command, connector, mapping, target) as agent:
        agent.wait_for_line("authorized")
        with connector.stopped():
            agent.wait_for_line("not connected")
        agent.wait_for_line("authorized")
        check_echo(lambda: connector.visit(mapping))


def check_other_name(command, connector, target):
    """A certificate for another name than the one that was dialled."""
    with Agent(command, connector, connector.add(), target, host="localhost") as agent:
        agent.wait_for_line("not connected")
        expect("the agent's output", any("authorized" in line for line in agent.output), False)


def check_all(command, program, tls):
    target = Target()
    with Connector(program, tls) as connector:
        mapping = connector.add()
        with Agent(command, connector, mapping, target):
            for check in ANYWHERE if tls else [*ANYWHERE, *PLAIN]:
                announce(check, tls)
                check(lambda: connector.visit(mapping), target)
        for check in [check_killed, check_silence, *([check_other_name] if tls else [])]:
            announce(check, tls)
            check(command, connector, target)


def announce(check, tls):
    print(f"{check.__name__}, {'TLS' if tls else 'plain'}", flush=True)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in LANGUAGES:
        sys.exit(__doc__)
    build_folder = pathlib.Path(sys.argv[3])
    build_folder.mkdir(parents=True, exist_ok=True)
    command = LANGUAGES[sys.argv[1]](build_folder)
    try:
        for tls in (False, True):
            check_all(command, sys.argv[2], tls)
    except Failed as failure:
        sys.exit(f"failed: {failure}")


if __name__ == "__main__":
    main()
