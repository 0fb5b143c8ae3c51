"""A disk, and other programs, that want to hold the server up: a lock on the database, a disk that stalls, one that is
full, and kill -9 in the middle of everything. As root, or the full disk is left out.
"""

import collections
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

from attacks import Connector, Report, arguments  # first: it says where the next one is
import programs  # pylint: disable=wrong-import-order

SHIM = pathlib.Path(__file__).resolve().parent.parent / "shims" / "StalledDisk.cpp"
PATIENCE = 100  # seconds that a client of an attack waits for an answer
PROMPT = 1.5  # seconds in which what does not need the disk must be answered
programs.MAPPING_PORTS = 400
STOP = 5.5  # seconds in which the server must have ended
WRITERS = 24
PUBLIC = json.dumps({"type": "public", "maxconnections": 5, "heartbeatabsencethreshold": 0})


class Server(Connector):
    """One that can be ended and started again on its database, and whose disk can stall or be small."""

    def __init__(self, program, folder=None, shim=None):
        self._database_folder = folder
        super().__init__(program, False)
        self.database = self.path("mappings.db")
        self.stalled = pathlib.Path(self.path("stalled"))
        self._shim = shim

    def path(self, name):
        if self._database_folder and name == "mappings.db":
            return f"{self._database_folder}/{name}"
        return super().path(name)

    def _start(self):
        shim = {"LD_PRELOAD": str(self._shim), "STALLED_DISK": str(self.stalled)} if self._shim else {}
        os.environ.update(shim)
        try:
            super()._start()
        finally:
            for name in shim:
                del os.environ[name]

    def start_again(self):
        self._start()
        programs.wait_for("the server is ready", lambda: not self.process.runs() or self.is_healthy())

    def request(self, method, target, body=None, timeout=PATIENCE):
        """Status, body and seconds; a status of 0 when nothing comes."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=timeout)
        with contextlib.closing(connection):
            try:
                connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
                response = connection.getresponse()
                return response.status, json.loads(response.read()), time.monotonic() - began
            except (OSError, http.client.HTTPException, ValueError):
                return 0, {}, time.monotonic() - began

    def ids(self):
        found, after = set(), ""
        while True:
            page = self.request("GET", f"/api/v2/mapping?limit=1000{after}")[1]
            found |= {one["id"] for one in page["mappings"]}
            if "next" not in page:
                return found
            after = "&after=" + page["next"]

    def state(self):
        return self.request("GET", "/api/v2/status")[1].get("database", "unknown")

    def end(self):
        """SIGTERM: seconds until it has ended, and its exit status."""
        began = time.monotonic()
        self.process.send(signal.SIGTERM)
        while self.process.runs() and time.monotonic() - began < PATIENCE:
            time.sleep(0.02)
        took = time.monotonic() - began
        return took, self.process.stop(signal.SIGKILL)


def slowest_read(server, mapping, seconds):
    """The longest that any of what needs no disk takes, again and again for so long."""
    worst, name = 0, "-"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for target in ("/health", "/api/v2/status", "/api/v2/mapping", f"/api/v2/mapping/{mapping}"):
            status, _, took = server.request("GET", target)
            took = took if status == 200 else PATIENCE
            if took > worst:
                worst, name = took, target
    return worst, name


def summary(answers):
    counts = collections.Counter(status for status, _, _ in answers)
    words = ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))
    return f"{words}, the slowest after {max(took for _, _, took in answers):.1f} s"


def hold_up(report, server, name, seconds, begin, end):
    """What many writes, and reads beside them, get while the database can't be written; and that nothing is left."""
    mapping = server.add()["id"]
    begin()
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        writes = [pool.submit(server.request, "POST", "/api/v2/mapping/add", PUBLIC) for _ in range(WRITERS)]
        worst, where = slowest_read(server, mapping, seconds)
        report.add(f"{name}: reads beside {WRITERS} writes", f"each within {PROMPT} s",
                   f"the slowest {worst:.2f} s ({where})", worst < PROMPT)
        report.add(f"{name}: the database in status", "not ok", server.state(), server.state() not in ("ok", "unknown"))
        end()
        answers = [write.result() for write in writes]
    statuses = {status for status, _, _ in answers}
    report.add(f"{name}: writes", "503", summary(answers), statuses <= {503, 200} and 503 in statuses)
    known = {body["id"] for status, body, _ in answers if status == 200} | {mapping}
    until = time.monotonic() + 10
    while server.ids() != known and time.monotonic() < until:
        time.sleep(0.1)
    left = len(server.ids() - known)
    report.add(f"{name}: mappings that nobody knows afterwards", 0, left, left == 0)


@contextlib.contextmanager
def lock_on(database):
    """Another program that holds SQLite's lock."""
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


def attack_with_lock(report, args):
    with Server(args.bin / "iofog-connector") as server:
        held = lock_on(server.database)
        seconds = max(args.seconds, 30)
        hold_up(report, server, "locked", seconds, held.__enter__, lambda: held.__exit__(None, None, None))
        with lock_on(server.database):
            took, status = server.end()
            report.add("locked: SIGTERM", f"ended within {STOP} s", f"{took:.1f} s, status {status}", took < STOP)
        server.start_again()


def attack_with_stall(report, args, shim):
    with Server(args.bin / "iofog-connector", shim=shim) as server:
        hold_up(report, server, "stalled", args.seconds, server.stalled.touch, server.stalled.unlink)
        server.stalled.touch()
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            writes = [pool.submit(server.request, "POST", "/api/v2/mapping/add", PUBLIC) for _ in range(WRITERS)]
            while not pathlib.Path(f"{server.stalled}.waiting").exists():
                time.sleep(0.02)
            took, status = server.end()
            report.add("stalled: SIGTERM", f"ended within {STOP} s", f"{took:.1f} s, status {status}", took < STOP)
            concurrent.futures.wait(writes)
        server.stalled.unlink()
        server.start_again()


def fill(folder):
    descriptor = os.open(f"{folder}/ballast", os.O_WRONLY | os.O_CREAT)
    size = 65536
    while size:
        with contextlib.suppress(OSError):
            while os.write(descriptor, bytes(size)) == size:
                pass
        size //= 2
    os.close(descriptor)


def attack_with_full_disk(report, args, folder):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode:
        return
    try:
        with Server(args.bin / "iofog-connector", folder) as server:
            known = {server.add()["id"]}
            for name, number in (("at the start after an orderly end", signal.SIGTERM), ("while it runs", None),
                                 ("at the start after kill -9", signal.SIGKILL)):
                if number:
                    server.process.stop(number)
                    fill(folder)
                    server.start_again()
                status = 200
                while status == 200:
                    status, body, _ = server.request("POST", "/api/v2/mapping/add", PUBLIC)
                    known |= {body["id"]} if status == 200 else set()
                serves = server.process.runs() and server.ids() == known
                report.add(f"full disk {name}", "its mappings served, 507, \"full\"",
                           f"{'served' if serves else 'not served'}, {status}, {server.state()}",
                           serves and status == 507 and server.state() == "full")
            pathlib.Path(f"{folder}/ballast").unlink()
            until = time.monotonic() + 10
            while server.state() != "ok" and time.monotonic() < until:
                time.sleep(0.05)
            status = server.request("POST", "/api/v2/mapping/add", PUBLIC)[0]
            report.add("full disk: room again", "ok by itself", f"{server.state()}, add {status}", status in (200, 507))
            if not server.process.runs():
                server.start_again()
    finally:
        subprocess.run(["umount", folder], check=False)


def client(server, known, gone, lock):
    """Adds, and removes most of them again, until the server is gone. What has no answer is nobody's knowledge."""
    while True:
        status, body, _ = server.request("POST", "/api/v2/mapping/add", PUBLIC)
        if status == 0:
            return
        with lock:
            if status == 200:
                known.add(body["id"])
            # Most of them at once, and an old one when there are no ports left.
            if status == 200 and random.random() < 0.2 or not known:
                continue
            victim = body["id"] if status == 200 else next(iter(known))
            known.discard(victim)
        status = server.request("POST", "/api/v2/mapping/remove", json.dumps({"mappingid": victim}))[0]
        if status == 200:
            with lock:
                gone.add(victim)
        elif status == 0:
            return


def attack_with_kills(report, args):
    known, gone, lock = set(), set(), threading.Lock()
    rounds, lost, back = 0, 0, 0
    end = time.monotonic() + args.seconds
    with Server(args.bin / "iofog-connector") as server:
        while time.monotonic() < end:
            rounds += 1
            threads = [threading.Thread(target=client, args=(server, known, gone, lock)) for _ in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.2, 1))
            server.process.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
            server.start_again()
            ids = server.ids()
            lost, back = lost + len(known - ids), back + len(gone & ids)
            known &= ids
    report.add(f"kill -9, {rounds} times: acknowledged adds that are lost", 0, lost, lost == 0)
    report.add(f"the same: of {len(gone)} acknowledged removals, those that are there again", 0, back, back == 0)


def main():
    args = arguments(__doc__.splitlines()[0])
    report = Report()
    with tempfile.TemporaryDirectory(prefix="attack-disk-") as folder:
        shim = pathlib.Path(folder) / "stalled-disk.so"
        subprocess.run(["c++", "-std=c++20", "-shared", "-fPIC", "-o", str(shim), str(SHIM)], check=True)
        small = pathlib.Path(folder) / "small"
        small.mkdir()
        for name, attack in (
            ("locked", lambda: attack_with_lock(report, args)),
            ("stalled", lambda: attack_with_stall(report, args, shim)),
            ("full disk", lambda: attack_with_full_disk(report, args, str(small))),
            ("kill -9", lambda: attack_with_kills(report, args)),
        ):
            try:
                attack()
            except programs.Failed as error:
                report.add(f"{name}: the server", "goes on", str(error).splitlines()[0], False)
    report.exit()


if __name__ == "__main__":
    main()
