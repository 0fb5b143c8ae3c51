"""A PostgreSQL server of a test's, in a folder of its own."""

import os
import pathlib
import pwd
import subprocess
import signal
import time

PASSWORD = "a=password,'with/marks"
USER = "postgres"  # the server refuses root
START_SECONDS = 60


def programs():
    """The folder of the newest one that Debian's packages have; None: there is none."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return folders[-1] if folders else None


class Postgres:
    """One database, for all that know the password. durable: what is committed would survive a crash of the machine.

    start: starts a command, and returns something with stop(signal), as the two kinds of Process in Tests have it.
    """

    def __init__(self, folder, address, port, start, durable=False):
        self._start, self._address, self._port, self._durable = start, address, port, durable
        self._folder = pathlib.Path(folder) / "postgres"
        self._folder.mkdir()
        self._words = []
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            for path in self._folder.parents[:-2]:
                path.chmod(path.stat().st_mode | 0o011)
        self.password_file = self._folder.parent / "database-password"
        self.password_file.write_text(PASSWORD + "\n", encoding="utf-8")
        self.password_file.chmod(0o644)
        self.url = f"postgresql://{USER}@{address}:{port}/postgres"
        subprocess.run([*self._words, programs() / "initdb", "-D", self._folder, "-U", USER, "-E", "UTF8", "--no-sync",
                        "--auth=scram-sha-256", f"--pwfile={self.password_file}"],
                       check=True, stdout=subprocess.DEVNULL)
        with open(self._folder / "pg_hba.conf", "a", encoding="utf-8") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.start()

    def start(self, *options):
        settings = {"listen_addresses": self._address, "port": self._port, "unix_socket_directories": self._folder,
                    "fsync": "on" if self._durable else "off"}
        self._process = self._start([*self._words, programs() / "postgres", "-D", self._folder, *options,
                                     *(word for each in settings.items() for word in ("-c", "{}={}".format(*each)))])
        until = time.monotonic() + START_SECONDS
        while self._psql("SELECT 1").returncode != 0:
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not answer: {self._psql('SELECT 1').stderr}")
            time.sleep(0.02)

    def stop(self):
        """At once, as if somebody had pulled its plug."""
        self._process.stop(signal.SIGQUIT)

    def ask(self, query):
        """By the socket that no network is between. What it answers, a row a line."""
        answer = self._psql(query)
        if answer.returncode != 0:
            raise RuntimeError(f"{query}: {answer.stderr}")
        return answer.stdout.strip()

    def _psql(self, query):
        words = ["psql", "-h", self._folder, "-p", str(self._port), "-U", USER, "-AtX", "-c", query, "postgres"]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
