"""Those who come to a fleet: visitors without number, relays that are there all the time, and a target for all."""

import asyncio
import contextlib
import itertools
import random
import threading
import time
from dataclasses import dataclass

# A visitor waits for an agent for 10 s (limits.visitor-wait), and is then closed.
PATIENCE = 20


@dataclass
class Visit:
    """What became of a visitor. path: the address that it dialled, by name."""
    path: str
    begin: float
    end: float
    failure: str  # "" when it was served


async def echo(reader, writer):
    """A target that repeats what it is told."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def converse(reader, writer, words):
    writer.write(words)
    await writer.drain()
    answer = await reader.readexactly(len(words))
    if answer != words:
        raise ValueError(f"was answered with {answer!r}")


class Visitors:
    """Visitors a second by each of some paths, from a thread of their own, until it is left."""

    def __init__(self, target_address):
        self._target = target_address
        self._paths = []
        self._relays = []
        self.visits = []
        self.broken = []  # relays: (path, when it broke)
        self.target_port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self.target_port = self._run(self._listen())
        return self

    def __exit__(self, *_):
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen(self):
        server = await asyncio.start_server(echo, self._target, 0, backlog=1000)
        return server.sockets[0].getsockname()[1]

    def is_served(self, address, port):
        """One visitor, to see whether others may come."""
        return not self._run(self._visit("", address, port)).failure

    def come(self, path, address, ports, rate):
        """So many a second, to any of these ports."""
        self._paths.append(asyncio.run_coroutine_threadsafe(self._keep_coming(path, address, ports, rate), self._loop))

    def stay(self, path, address, port):
        """A relay that says something twice a second, and comes again if it breaks."""
        self._relays.append(asyncio.run_coroutine_threadsafe(self._stay(path, address, port), self._loop))

    def stop(self):
        """Nobody comes any more; those who are there are waited for."""
        for each in self._paths + self._relays:
            each.cancel()
        self._paths, self._relays = [], []
        self._run(self._last())

    async def _last(self):
        if visits := [each for each in asyncio.all_tasks() if each.get_name() == "visit"]:
            await asyncio.wait(visits, timeout=PATIENCE)

    async def _keep_coming(self, path, address, ports, rate):
        begin = time.monotonic()
        visits = set()
        for number in itertools.count():
            await asyncio.sleep(begin + number / rate - time.monotonic())
            task = asyncio.create_task(self._visit(path, address, random.choice(ports)), name="visit")
            visits.add(task)
            task.add_done_callback(visits.discard)

    async def _visit(self, path, address, port):
        begin, failure, writer = time.monotonic(), "", None
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), PATIENCE)
            await asyncio.wait_for(converse(reader, writer, random.randbytes(100)), PATIENCE)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            failure = f"{type(error).__name__} {error}"
        finally:
            if writer:
                writer.transport.abort() if failure else writer.close()
        visit = Visit(path, begin, time.monotonic(), failure)
        if path:
            self.visits.append(visit)
        return visit

    async def _stay(self, path, address, port):
        while True:
            writer = None
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), PATIENCE)
                while True:
                    await asyncio.wait_for(converse(reader, writer, b"tick\n"), PATIENCE)
                    await asyncio.sleep(0.5)
            except (OSError, EOFError, asyncio.TimeoutError):
                self.broken.append((path, time.monotonic()))
                await asyncio.sleep(0.5)
            finally:
                if writer:
                    writer.transport.abort()
