"""Certificates by ACME, with packaging/acme: from Pebble, an authority for tests, by certbot (HTTP-01) and lego (DNS-01).

usage: check_acme.py PROGRAM HOOK UNPACKED

PROGRAM is the server, HOOK what installs certificates, UNPACKED the folder with what Debian's packages pebble and lego
hold, each in a folder of its own; certbot's modules are the installed ones.
"""

import contextlib
import importlib.util
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from programs import Failed, Process, expect, free_ports, wait_for  # noqa: E402  pylint: disable=C0413

SKIPPED = 77  # as CTest knows it
NAME = "connector.example.org"
DOMAIN = "fog.example.org"
MAIL = "admin@example.org"
CERTBOT = ["/usr/bin/python3", "-c", "import sys; from certbot.main import main; sys.exit(main())"]
# What lego runs for its challenges ("exec"): tells the name server what it is to say.
DNS_SCRIPT = """#!/usr/bin/python3
import json, sys, urllib.request
action, name, value = sys.argv[1:4]
where = {"present": "set-txt", "cleanup": "clear-txt"}[action]
urllib.request.urlopen("http://127.0.0.1:PORT/" + where, json.dumps({"host": name, "value": value}).encode())
"""


def run(command, environment, code=0):
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode != code:
        raise Failed(f"{command}: {done.returncode} instead of {code}:\n{output}")
    return output


def make_certificate(folder, name):
    files = [str(folder / f"{name}.pem"), str(folder / f"{name}.key")]
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]], {})
    return files


class Authority:
    """Pebble, and a name server that has 127.0.0.1 for all names."""

    def __init__(self, unpacked, folder, http_port):
        self.port, self._management, self.dns, self.names = range(first := free_ports(4), first + 4)
        self.certificate, key = make_certificate(folder, "pebble")
        programs = unpacked / "pebble/usr/bin"
        config = folder / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": self.certificate, "privateKey": key, "httpPort": http_port, "tlsPort": first,
        }}), encoding="utf-8")
        settings = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        self._processes = [
            Process([str(programs / "pebble-challtestsrv"), "-defaultIPv6", "", "-http01", "", "-https01", "",
                     "-tlsalpn01", "", "-dns01", f"127.0.0.1:{self.dns}", "-management", f"127.0.0.1:{self.names}"]),
            Process([str(programs / "pebble"), "-config", str(config), "-dnsserver", f"127.0.0.1:{self.dns}"],
                    {**os.environ, **settings}),
        ]
        self.directory = f"https://127.0.0.1:{self.port}/dir"

    def __enter__(self):
        for port in (self.port, self._management, self.names):
            wait_for("the authority listens", lambda port=port: can_connect(port))
        return self

    def __exit__(self, kind, *_):
        for process in self._processes:
            process.stop()
            if kind is not None:
                sys.stderr.writelines(process.output)

    def root(self):
        """The certificate that clients must trust."""
        context = ssl.create_default_context(cafile=self.certificate)
        with urllib.request.urlopen(f"https://127.0.0.1:{self._management}/roots/0", context=context) as answer:
            return answer.read().decode()


def can_connect(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Service:
    """Connector with a front, as its commands start it."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        first = free_ports(8)
        self.api, self.http = first, first + 2
        self.config = folder / "iofog-connector.config"
        make_certificate(folder, "own")
        (folder / "web").mkdir()
        self._settings = {
            "ports": [f"{first + 3}-{first + 7}"], "address": NAME, "dev": False,
            "api": {"bind": "127.0.0.1", "port": self.api,
                    "identities": [{"name": "operator", "token": "operator-0123456789"}]},
            "pipes": {"bind": "127.0.0.1"},
            "database": "mappings.db",
            "front": {"port": first + 1, "http-port": self.http, "domain": DOMAIN, "acme-webroot": "web"},
        }
        self.show(["own"])
        self.run("start")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.run("stop")
        if kind is not None:
            for log in self.folder.glob("*.log"):
                sys.stderr.write(log.read_text(encoding="utf-8"))

    def show(self, names):
        """These certificates, from now on."""
        self._settings["tls"] = {"certificates": [{"certificate": f"{n}.pem", "key": f"{n}.key"} for n in names]}
        self.config.write_text(json.dumps(self._settings), encoding="utf-8")

    def run(self, command):
        return run([self.program, f"--config={self.config}", command], {})

    def serial(self, root, name):
        """Of the certificate that a client for this name is shown, which must trust it."""
        context = ssl.create_default_context(cadata=root)
        with socket.create_connection(("127.0.0.1", self.api), 10) as client:
            with context.wrap_socket(client, server_hostname=name) as secure:
                return secure.getpeercert()["serialNumber"]


def check_http(service, authority, hook, environment):
    """certbot, and the file that it leaves for the authority to see."""
    root = authority.root()
    folders = [f"--{kind}-dir={service.folder / 'certbot' / kind}" for kind in ("config", "work", "logs")]
    certbot = [*CERTBOT, "--non-interactive", *folders, "--server", authority.directory, "--no-verify-ssl"]
    run([*certbot, "certonly", "--agree-tos", "-m", MAIL, "--webroot", "-w", str(service.folder / "web"),
         "-d", NAME, "--deploy-hook", hook], environment)
    service.show([NAME, "own"])
    service.run("reload")
    first = service.serial(root, NAME)
    run([*certbot, "renew", "--force-renewal", "--no-random-sleep-on-renew"], environment)
    if service.serial(root, NAME) == first:
        raise Failed("a renewal by certbot is not shown to clients")


def check_dns(service, authority, hook, environment):
    """lego, and a wildcard."""
    root = authority.root()
    script = service.folder / "dns"
    script.write_text(DNS_SCRIPT.replace("PORT", str(authority.names)), encoding="utf-8")
    script.chmod(0o755)
    environment = {**environment, "EXEC_PATH": str(script), "LEGO_CA_CERTIFICATES": authority.certificate}
    lego = [environment["LEGO"], "--accept-tos", "--email", MAIL, "--server", authority.directory, "--path",
            str(service.folder / "lego"), "--domains", f"*.{DOMAIN}", "--dns", "exec", "--dns.disable-cp",
            "--dns.resolvers", f"127.0.0.1:{authority.dns}"]
    run([*lego, "run", "--run-hook", hook], environment)
    service.show([NAME, "own", f"_.{DOMAIN}"])
    service.run("reload")
    first = service.serial(root, f"web.{DOMAIN}")
    run([*lego, "renew", "--days", "36500", "--no-random-sleep", "--renew-hook", hook], environment)
    if service.serial(root, f"shop.{DOMAIN}") == first:
        raise Failed("a renewal by lego is not shown to clients")


def check_refusals(service, hook, environment):
    """What would not be good changes nothing."""
    files = [service.folder / f"{NAME}.{kind}" for kind in ("pem", "key")]
    before = [file.read_bytes() for file in files]
    expect("the modes of certificate and key", [file.stat().st_mode & 0o777 for file in files], [0o644, 0o640])
    bad = service.folder / NAME
    bad.mkdir()
    shutil.copy(service.folder / "own.pem", bad / "fullchain.pem")
    shutil.copy(files[1], bad / "privkey.pem")
    output = run([hook], {**environment, "RENEWED_LINEAGE": str(bad)}, 1)
    if "does not belong" not in output or "as they were" not in output:
        raise Failed(f"the hook does not say what is wrong:\n{output}")
    expect("certificate and key after what was refused", [file.read_bytes() for file in files], before)
    expect("what is left over", list(service.folder.glob(".certificate*")), [])
    check_unread(service, hook, {**environment, "RENEWED_LINEAGE": str(bad)})
    run([hook], environment, 1)
    run([hook], {**environment, "RENEWED_LINEAGE": str(bad), "CONNECTOR_CONFIG": str(bad / "nothing")}, 1)


def check_unread(service, hook, environment):
    """A service that can't be told of the certificate makes the hook fail."""
    lineage = pathlib.Path(environment["RENEWED_LINEAGE"])
    shutil.copy(service.folder / f"{NAME}.pem", lineage / "fullchain.pem")
    number = service.folder / "mappings.db.pid"
    number.rename(service.folder / "hidden")
    output = run([hook], environment, 77)
    (service.folder / "hidden").rename(number)
    if "was not started by" not in output:
        raise Failed(f"the hook does not say who has not read the certificate:\n{output}")


def lacks(unpacked):
    """What the test needs and can't have."""
    programs = ["pebble/usr/bin/pebble", "pebble/usr/bin/pebble-challtestsrv", "lego/usr/bin/lego"]
    missing = [program for program in programs if not (unpacked / program).exists()]
    return missing + ([] if importlib.util.find_spec("certbot") else ["certbot"])


def main():
    program, hook, unpacked = sys.argv[1:]
    unpacked = pathlib.Path(unpacked)
    if missing := lacks(unpacked):
        if os.environ.get("CI") == "true":
            sys.exit(f"CI must not skip the test of ACME: there is no {missing[0]}")
        if "CONNECTOR_SKIPPED" in os.environ:
            with open(os.environ["CONNECTOR_SKIPPED"], "a", encoding="utf-8") as skipped:
                skipped.write(f"skipped: certificates by ACME: there is no {missing[0]}\n")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        with Service(program, folder) as service, Authority(unpacked, folder, service.http) as authority:
            environment = {"CONNECTOR": program, "CONNECTOR_CONFIG": str(service.config),
                           "LEGO": str(unpacked / "lego/usr/bin/lego")}
            check_http(service, authority, hook, environment)
            check_dns(service, authority, hook, environment)
            check_refusals(service, hook, environment)


if __name__ == "__main__":
    main()
