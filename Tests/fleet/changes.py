"""Mappings that come and go all the time, asked of each Connector and of all by the balancer, and what was answered."""

import http.client
import random
import threading
import time

from programs import Failed

PUBLIC = {"type": "public", "maxconnections": 10, "heartbeatabsencethreshold": 200000}
FEWEST, MOST = 20, 60
CERTAIN = "nothing was changed"  # in the answer to a request that had no effect


class Changes:
    """Who asks. An address is a way to a Connector, by name."""

    def __init__(self, connector):
        self._connector = connector
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = []
        self.added, self.removed = {}, set()  # answered with "ok"
        self.perhaps_removed = set()  # no answer
        self.perhaps_added = 0
        self.refused = []  # (when, what was answered)
        self.not_found = []  # what was to be removed, and where nobody knew it

    def begin(self, addresses):
        for address in addresses:
            self._threads.append(threading.Thread(target=self._go_on, args=(address,), daemon=True))
            self._threads[-1].start()

    def stop(self):
        """Until what was asked is answered, or never will be."""
        self._stop.set()
        for each in self._threads:
            each.join()
        self._threads = []
        self._stop.clear()

    def _go_on(self, address):
        while not self._stop.wait(0.3):
            with self._lock:
                there = sorted(self.added.keys() - self.removed - self.perhaps_removed)
                chosen = random.choice(there) if len(there) > random.randint(FEWEST, MOST) else None
                if chosen:
                    self.perhaps_removed.add(chosen)  # until it is answered
            if chosen:
                self._remove(address, chosen)
            else:
                self._add(address)

    def _ask(self, address, method, body):
        """The answer's status, 0 when there is none; and what it says."""
        try:
            response = self._connector.call("POST", f"/api/v2/mapping/{method}", body, address)
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        if response.status == 503:
            self.refused.append((time.monotonic(), response.json["errormessage"]))
        return response.status, response.json

    def _add(self, address):
        status, answer = self._ask(address, "add", PUBLIC)
        with self._lock:
            if status == 200:
                self.added[answer["id"]] = answer
            elif status == 0 or (status == 503 and CERTAIN not in answer["errormessage"]):
                self.perhaps_added += 1

    def _remove(self, address, mapping_id):
        status, answer = self._ask(address, "remove", {"mappingid": mapping_id})
        with self._lock:
            if status == 200:
                self.removed.add(mapping_id)
            elif status == 404:
                self.not_found.append((address, mapping_id))
            if status == 404 or (status == 503 and CERTAIN in answer["errormessage"]):
                self.perhaps_removed.discard(mapping_id)

    def check(self, ids):
        """Against those that are there, while nobody asks: what was lost, and what is there against an answer."""
        lost = self.added.keys() - self.removed - self.perhaps_removed - ids
        resurrected = self.removed & ids
        unknown = ids - self.added.keys()
        if lost or resurrected or len(unknown) > self.perhaps_added:
            raise Failed(f"lost: {lost}; removed, and there: {resurrected}; nobody asked for: {unknown}, but for "
                         f"{self.perhaps_added} without an answer")
