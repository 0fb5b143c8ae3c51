"""The programs that are compared: how each is configured, started and stopped. All listen on 127.0.0.1 only, and those
whose other half is behind a line also on its address there."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import textwrap
import time
import urllib.parse
import urllib.request

from line import Line

HOST = "127.0.0.1"
# So many conversations can be open at once: all streams of the largest workload, and some to spare.
PLACES = 320


class Ports:
    """Free ports below the range that the kernel takes those of outgoing connections from."""

    FIRST, LAST = 10000, 32000

    def __init__(self):
        self._next = self.FIRST

    def take(self):
        while self._next <= self.LAST:
            port = self._next
            self._next += 1
            with socket.socket() as candidate:
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    candidate.bind((HOST, port))
                    return port
                except OSError:
                    continue
        raise RuntimeError("no free port left")

    def block(self, count):
        """The first and the last of so many ports in a row. Those of programs that have ended are free again."""
        if self._next + count > self.LAST:
            self._next = self.FIRST
        first = last = self.take()
        while last - first + 1 < count:
            port = self.take()
            first, last = (first, port) if port == last + 1 else (port, port)
        return first, last


def await_true(what, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.002)


def accepts(port, host=HOST):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


class Process:
    """One process started for the benchmark; its output goes to a file of its name."""

    def __init__(self, folder, name, command):
        self._log = open(os.path.join(folder, name + ".log"), "ab")
        self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                       cwd=folder)
        self.pid = self._popen.pid
        self.name = name

    def pids(self):
        """Its own, and those of its descendants, such as nginx' workers."""
        parents = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                pass
        family = [self.pid]
        for member in family:
            family += [pid for pid, parent in parents.items() if parent == member]
        return family

    def check(self):
        if self._popen.poll() is not None:
            raise RuntimeError(f"{self.name} ended with status {self._popen.returncode}: see {self._log.name}")

    def stop(self, signal_number=signal.SIGTERM):
        if self._popen.poll() is None:
            self._popen.send_signal(signal_number)
            try:
                self._popen.wait(20)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        self._log.close()


def status_of(pid, key):
    """A number of /proc/PID/status, in its unit."""
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/status has no {key}")


class Setup:
    """What all programs share: folders, the certificate, the port that the target listens on."""

    def __init__(self, folder, binaries):
        self.folder = folder
        self.binaries = binaries
        self.line = None  # between the halves of the programs that are started now
        self.ports = Ports()
        self.target = self.ports.take()
        self.certificate = os.path.join(folder, "cert.pem")
        self.key = os.path.join(folder, "key.pem")
        self.both = os.path.join(folder, "both.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost",
             "-addext", f"subjectAltName=DNS:localhost,IP:{HOST},IP:{Line.NEAR}",
             "-keyout", self.key, "-out", self.certificate],
            check=True, stderr=subprocess.DEVNULL)
        with open(self.both, "w") as both:
            for part in (self.certificate, self.key):
                with open(part) as file:
                    both.write(file.read())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        return path

    def program(self, name):
        return os.path.join(self.binaries, name)

    @contextlib.contextmanager
    def over(self, milliseconds, megabits):
        """While it lasts, there is a line between the halves of what is started. RuntimeError: not here, and why."""
        with Line(self, milliseconds, megabits) as self.line:
            try:
                yield
            finally:
                self.line = None

    @property
    def server(self):
        """Where the half with the target finds the half that visitors come to."""
        return Line.NEAR if self.line else HOST

    def target_side(self, tls, host=HOST):
        side = {"listen": self.target, "host": host, "tls": tls, "certificate": self.certificate, "key": self.key}
        return side | {"namespace": self.line.far} if self.line else side


class Connector:
    """iofog-connector, and by way of its API a client of it. settings: what its configuration has instead."""

    def __init__(self, setup, name, tls=False, ports=4, host=HOST, settings=None):
        self._setup = setup
        self.name = name
        self.tls = tls
        self.host = host
        self.api = (settings or {}).get("api", {}).get("port") or setup.ports.take()
        self._database = os.path.join(setup.folder, f"{name}-{self.api}.db")  # a new one for one that is made anew
        first, last = setup.ports.block(ports)
        settings = dict(settings or {})
        self._config = setup.write(name + ".config", json.dumps({
            "ports": [f"{first}-{last}"], "address": host, "dev": not tls,
            "api": {"bind": host, "port": self.api} | settings.pop("api", {}),
            "pipes": {"bind": sorted({host, setup.server}) if host == HOST else host},
            "database": self._database,
            "tls": {"certificate": setup.certificate, "key": setup.key}, "log": {"level": "warning"}} | settings))
        self.start()

    def start(self):
        self.process = Process(self._setup.folder, self.name,
                               [self._setup.program("iofog-connector"), f"--config={self._config}"])
        try:
            await_true("Connector's API", self._is_healthy, 60)
        except BaseException:
            self.stop()
            raise

    def _is_healthy(self):
        self.process.check()
        try:
            return self.get("/health")["status"] in ("ok", "degraded", "running")
        except OSError:
            return False

    def get(self, path):
        return self._ask(path, None)

    def add(self, places=PLACES, more=None):
        return self._ask("/api/v2/mapping/add", {"mapping": json.dumps(
            {"type": "public", "maxconnections": places, "heartbeatabsencethreshold": 200000} | (more or {}))})

    def _ask(self, path, form):
        scheme, context = ("https", ssl._create_unverified_context()) if self.tls else ("http", None)
        body = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(f"{scheme}://{self.host}:{self.api}{path}", body, 10, context=context) as answer:
            return json.load(answer)

    def stop(self, signal_number=signal.SIGTERM):
        self.process.stop(signal_number)


class ConnectorHop:
    """Connector alone: the generator is the visitors and the agents."""

    host = HOST
    server_name = ""

    def __init__(self, setup, tls=False, name="Connector", stalled=0, ports=4):
        self.name = name
        self.tls = tls
        self.stalled = stalled
        self.connector = Connector(setup, "hop-" + name.replace(" ", "-") + ("-tls" if tls else ""), tls, ports)
        mapping = self.connector.add()
        self.near = mapping["port2"]
        self._far = {"port": mapping["port1"], "passcode": mapping["passcode1"], "tls": tls}

    def far(self, agents):
        return self._far | {"agents": agents}

    def pids(self):
        return [self.connector.process.pid]

    def stop(self):
        self.connector.stop()

    def restart(self):
        """For one that carries nothing any more; its mapping is the same."""
        self.connector.stop()
        self.connector.start()


class Peer:
    """A program before a target. Subclasses start its processes."""

    stalled = 0
    host = HOST
    server_name = ""  # that visitors ask for in TLS

    def __init__(self, setup, name, tls=False, target_tls=False):
        self.name = name
        self.tls = tls
        self._setup = setup
        self._target_tls = target_tls
        self.near = setup.ports.take()
        self.processes = []
        self._start()

    def _start(self):
        try:
            self.begin()
            await_true(self.name, self._is_up)
        except BaseException:
            self.stop()
            raise

    def restart(self):
        """For one that carries nothing any more."""
        self.stop()
        self.processes = []
        self._start()

    def run(self, name, command):
        self.processes.append(Process(self._setup.folder, name, command))

    def run_by_target(self, name, command):
        """The other half, behind the line if there is one."""
        self.run(name, self._setup.line.at_far_end(command) if self._setup.line else command)

    def _is_up(self):
        for process in self.processes:
            process.check()
        return accepts(self.near)

    def far(self, _agents):
        return self._setup.target_side(self._target_tls)

    def pids(self):
        return [pid for process in self.processes for pid in process.pids()]

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


class HAProxy(Peer):
    """With its defaults; a thread per core is one of them."""

    def __init__(self, setup, name, tls=False, splice=False):
        self._splice = splice
        super().__init__(setup, name, tls, tls)

    def begin(self):
        setup = self._setup
        bind = f" ssl crt {setup.both}" if self.tls else ""
        server = " ssl verify none" if self.tls else ""
        config = setup.write(self.name.replace(" ", "-") + ".cfg", f"""\
            global
                maxconn 4000
            defaults
                mode tcp
                timeout connect 5s
                timeout client 60s
                timeout server 60s
                {"option splice-auto" if self._splice else ""}
            listen relay
                bind {HOST}:{self.near}{bind}
                server target {HOST}:{setup.target}{server}
            """)
        self.run(self.name.replace(" ", "-"), [find("haproxy"), "-db", "-f", config])


class Nginx(Peer):
    """The stream module, with its defaults, and a worker per core."""

    def begin(self):
        setup = self._setup
        name = "nginx-tls" if self.tls else "nginx"
        listen = " ssl" if self.tls else ""
        tls = f"""ssl_certificate {setup.certificate}; ssl_certificate_key {setup.key};
                  ssl_protocols TLSv1.3; ssl_session_cache shared:visitors:10m;
                  proxy_ssl on; proxy_ssl_protocols TLSv1.3;""" if self.tls else ""
        config = setup.write(name + ".conf", f"""\
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            daemon off;
            worker_processes auto;
            pid {setup.folder}/{name}.pid;
            error_log stderr;
            events {{ worker_connections 4000; }}
            stream {{
                access_log off;
                tcp_nodelay on;
                server {{ listen {HOST}:{self.near}{listen}; proxy_pass {HOST}:{setup.target}; {tls} }}
            }}
            """)
        self.run(name, [find("nginx"), "-c", config])


class Direct(Peer):
    """No program: visitors connect to the target, over the line."""

    host = Line.FAR

    def begin(self):
        self.near = self._setup.target

    def _is_up(self):
        return True

    def far(self, _agents):
        return self._setup.target_side(self._target_tls, self.host)


class ConnectorTunnel(Peer):
    """Connector and its own agent, before the target. front: all come to one port, visitors by name."""

    DOMAIN = "fog.example.org"

    def __init__(self, setup, name, tls=False, places=PLACES, front=False):
        self._places = places
        self._front = front
        super().__init__(setup, name, tls)

    def begin(self):
        setup = self._setup
        name = "connector-tunnel" + ("-tls" if self.tls else "") + ("-front" if self._front else "")
        front = {"api": {"bind": HOST, "port": setup.ports.take(), "anonymous": True},
                 "front": {"port": setup.ports.take(), "domain": self.DOMAIN, "http-port": 0}}
        self.connector = Connector(setup, name, self.tls, settings=front if self._front else None)
        self.processes.append(self.connector.process)
        mapping = self.connector.add(self._places, {"ports": False} if self._front else {})
        self._mapping = mapping["id"]
        if self._front:
            self.server_name = f"{mapping['id']}.{self.DOMAIN}"
        self.near = mapping["port2"]
        with open(setup.certificate) as file:
            certificate = file.read()
        config = setup.write(name + "-agent.json", json.dumps({
            "mode": "public", "host": setup.server, "port": mapping["port1"], "cert": certificate,
            "passcode": mapping["passcode1"], "connectioncount": self._places, "localhost": HOST,
            "localport": setup.target, "heartbeatfrequency": 20000, "heartbeatabsencethreshold": 60000}))
        self.run_by_target(name + "-agent", [setup.program("iofog-connector-agent"), f"--config={config}"] +
                           ([] if self.tls else ["--plain"]))
        # As many connections as Connector recommends: one for each of its loops.
        await_true("the agent", lambda: self._waiting() == min(os.cpu_count(), self._places))

    def _waiting(self):
        return self.connector.get(f"/api/v2/mapping/{self._mapping}")["agentswaiting"]


class Frp(Peer):
    """With its largest pool of connections, and without its multiplexing, which is slower, except over a line. With
    tls, visitors speak TLS, too, and it ends in frpc, as frps has none for bytes that are not HTTP."""

    def __init__(self, setup, name, encrypted=False, tls=False):
        self._encrypted = encrypted
        super().__init__(setup, name, tls)

    def begin(self):
        setup = self._setup
        port = setup.ports.take()
        name = self.name.replace(", ", "-").replace(" ", "-")
        mux = f"transport.tcpMux = {'true' if setup.line else 'false'}"
        target = f"{HOST}:{setup.target}"
        local = f"""[proxies.plugin]
            type = "tls2raw"
            localAddr = "{target}"
            crtPath = "{setup.certificate}"
            keyPath = "{setup.key}"
            """ if self.tls else ""
        server = setup.write(name + "s.toml", f"""\
            bindAddr = "{setup.server}"
            proxyBindAddr = "{HOST}"
            bindPort = {port}
            {mux}
            transport.maxPoolCount = 60
            """)
        client = setup.write(name + "c.toml", f"""\
            serverAddr = "{setup.server}"
            serverPort = {port}
            {mux}
            transport.poolCount = 60
            transport.tls.enable = {"true" if self._encrypted else "false"}
            [[proxies]]
            name = "bench"
            type = "tcp"
            localIP = "{HOST}"
            localPort = {setup.target}
            remotePort = {self.near}
            {local}
            """)
        self.run(name + "s", [find("frps"), "-c", server])
        await_true("frps", lambda: accepts(port, setup.server))
        self.run_by_target(name + "c", [find("frpc"), "-c", client])


class Rathole(Peer):
    def begin(self):
        setup = self._setup
        port = setup.ports.take()
        server = setup.write("rathole-server.toml", f"""\
            [server]
            bind_addr = "{setup.server}:{port}"
            default_token = "bench"
            [server.services.bench]
            bind_addr = "{HOST}:{self.near}"
            """)
        client = setup.write("rathole-client.toml", f"""\
            [client]
            remote_addr = "{setup.server}:{port}"
            default_token = "bench"
            [client.services.bench]
            local_addr = "{HOST}:{setup.target}"
            """)
        self.run("rathole-server", [find("rathole"), "--server", server])
        await_true("rathole", lambda: accepts(port, setup.server))
        self.run_by_target("rathole-client", [find("rathole"), "--client", client])


class Chisel(Peer):
    """Always encrypted: SSH in a WebSocket."""

    def begin(self):
        setup = self._setup
        port = setup.ports.take()
        self.run("chisel-server", [find("chisel"), "server", "--reverse", "--host", setup.server, "--port", str(port)])
        await_true("chisel", lambda: accepts(port, setup.server))
        self.run_by_target("chisel-client", [find("chisel"), "client", f"http://{setup.server}:{port}",
                                             f"R:{HOST}:{self.near}:{HOST}:{setup.target}"])


class Ssh(Peer):
    """ssh -R, always encrypted; all conversations share one connection."""

    def begin(self):
        setup = self._setup
        port = setup.ports.take()
        for key in ("ssh-host", "ssh-user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(setup.folder, key)],
                           check=True)
        os.makedirs("/run/sshd", exist_ok=True)
        config = setup.write("sshd_config", f"""\
            ListenAddress {setup.server}:{port}
            HostKey {setup.folder}/ssh-host
            AuthorizedKeysFile {setup.folder}/ssh-user.pub
            StrictModes no
            UsePAM no
            PermitRootLogin prohibit-password
            PidFile none
            MaxSessions 1000
            """)
        self.run("sshd", [find("sshd"), "-D", "-e", "-f", config])
        await_true("sshd", lambda: accepts(port, setup.server))
        self.run_by_target("ssh", [find("ssh"), "-N", "-F", "none", "-i", f"{setup.folder}/ssh-user", "-p", str(port),
                                   "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                                   "-o", "ExitOnForwardFailure=yes",
                                   "-R", f"{HOST}:{self.near}:{HOST}:{setup.target}", setup.server])


def find(program):
    """Its path; "" when it is not installed."""
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") or ""
