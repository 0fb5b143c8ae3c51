"""A PostgreSQL server of a test's, in a folder of its own."""

import ctypes
import os
import pathlib
import pwd
import signal
import subprocess
import tempfile
import time

PASSWORD = "a=password,'with/marks"
USER = "postgres"
NOBODY = "nobody"  # who the server runs as, as it refuses root
START_SECONDS = 60
DONE = (1, 2)  # PGRES_COMMAND_OK, PGRES_TUPLES_OK


def programs():
    """The folder of those that are installed, or that ./do has unpacked; None: there are none."""
    for folder in "/usr/lib/postgresql", os.environ.get("POSTGRESQL", ""):
        for path in sorted(pathlib.Path(folder or "/nowhere").glob("*/bin/initdb")):
            return path.parent
    return None


def libpq():
    library = ctypes.CDLL("libpq.so.5")
    for name in "PQconnectdb", "PQexec":
        getattr(library, name).restype = ctypes.c_void_p
    for name in "PQerrorMessage", "PQgetvalue":
        getattr(library, name).restype = ctypes.c_char_p
    return library


def ask(address, query):
    """The rows of the answer, each a list of texts. RuntimeError: there is none, and why."""
    library = libpq()
    connection = ctypes.c_void_p(library.PQconnectdb(address.encode()))
    try:
        result = ctypes.c_void_p(library.PQexec(connection, query.encode()))
        try:
            if library.PQresultStatus(result) not in DONE:
                raise RuntimeError(f"{query}: {library.PQerrorMessage(connection).decode()}")
            return [[library.PQgetvalue(result, row, column).decode() for column in range(library.PQnfields(result))]
                    for row in range(library.PQntuples(result))]
        finally:
            library.PQclear(result)
    finally:
        library.PQfinish(connection)


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
            user = pwd.getpwnam(NOBODY)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            for path in self._folder.parents:
                if path == pathlib.Path(tempfile.gettempdir()):
                    break
                path.chmod(path.stat().st_mode | 0o011)
        self.password_file = self._folder.parent / "database-password"
        self.password_file.write_text(PASSWORD + "\n", encoding="utf-8")
        self.password_file.chmod(0o644)
        self.url = f"postgresql://{USER}@{address}:{port}/postgres"
        subprocess.run([*self._words, programs() / "initdb", "-D", self._folder, "-U", USER, "-E", "UTF8", "--no-sync",
                        "--locale=C", "--auth=scram-sha-256", f"--pwfile={self.password_file}"],
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
        while not self._answers():
            if time.monotonic() > until:
                raise RuntimeError("PostgreSQL does not answer")
            time.sleep(0.02)

    def _answers(self):
        try:
            return self.ask("SELECT 1")
        except RuntimeError:
            return None

    def stop(self):
        """At once, as if somebody had pulled its plug."""
        self._process.stop(signal.SIGQUIT)

    def ask(self, query):
        """By the socket that no network is between."""
        password = PASSWORD.replace("'", "\\'")
        return ask(f"host={self._folder} port={self._port} user={USER} dbname=postgres password='{password}'", query)
