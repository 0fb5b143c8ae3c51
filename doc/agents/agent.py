#!/usr/bin/python3
"""An agent that speaks PIPE/2 (doc/protocol.md, section 7), as an example: connects a public mapping's visitors to a
target. Needs Python 3.11 and h2; Debian 12 has both (python3-h2).

    IOFOG_AGENT_PASSCODE=... ./agent.py --host connector.example --port 6000 --target localhost:8080

--plain: without TLS. SSL_CERT_FILE=ca.pem in the environment: a CA to trust. Connector's requests aren't checked.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import socket
import struct
import time

from h2 import config, connection, errors, events, exceptions, settings

TIMEOUT = 8  # seconds, for Connector's greeting, and for the target: Connector waits 10 for the answer
SETTINGS = {settings.SettingCodes.INITIAL_WINDOW_SIZE: 2**18, settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1000}


async def stay_connected(options):
    pause = 1
    while True:
        try:
            async with asyncio.timeout(TIMEOUT):
                reader, writer = await asyncio.open_connection(options.host, options.port, ssl=not options.plain)
                writer.write(f"PIPE/2 {os.environ['IOFOG_AGENT_PASSCODE']}\n".encode())
                line = await reader.readline()
            answer = re.match(rb"AUTHORIZED/2 (?:.* )?heartbeat=(\d+)", line)
            if not answer:
                pause = 60 if line == b"REFUSED wrong passcode\n" else pause  # it won't become right by itself
                raise ConnectionError(f"Connector answers {line}")
            print("authorized", flush=True)
            pause = 1
            why = await Session(options.target, reader, writer, int(answer[1]) / 1000).over.get()
        except (OSError, ValueError) as error:
            why = error
        print("dials again:", why, flush=True)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(2 * pause, 60)


class Http2(connection.H2Connection):
    def _receive_goaway_frame(self, frame):  # h2's own takes it for the end of all streams, but they go on
        return [], [events.ConnectionTerminated()]


class Session:
    """Serves the streams of a connection. silence: seconds after which it is given up; 0: any."""

    def __init__(self, target, reader, writer, silence):
        self.target, self.reader, self.writer, self.silence, self.pinged = target, reader, writer, silence, 0
        self.streams = {}  # by id: the task that serves it, and the queue of what it receives
        self.window_grew, self.over = asyncio.Event(), asyncio.Queue()  # over: why another connection is needed
        # Not validated by h2: it would miss a :path in a CONNECT.
        self.http2 = Http2(config.H2Configuration(client_side=False, validate_inbound_headers=False))
        self.http2.local_settings = settings.Settings(client=False, initial_values=SETTINGS)
        self.task = asyncio.create_task(self.run())

    async def run(self):
        try:
            await self.send(self.http2.initiate_connection)
            await self.send(self.http2.increment_flow_control_window, 2**31 - 1 - 65535)  # a stream's own counts
            while received := await asyncio.wait_for(self.reader.read(65536), self.silence or None):
                await asyncio.wait_for(self.send(self.take, received), self.silence or None)
            why = "closed by Connector"
        except (OSError, exceptions.ProtocolError) as error:
            why = repr(error)
        for task, _ in self.streams.values():
            task.cancel()
        self.writer.transport.abort()
        self.over.put_nowait(why)

    async def send(self, call, *arguments, **more):
        """Sends what comes of a call; with PING now and then. When nothing is sent, PING comes from Connector."""
        call(*arguments, **more)
        if self.silence and time.monotonic() - self.pinged > self.silence / 3:
            self.pinged = time.monotonic()
            self.http2.ping(bytes(8))
        self.writer.write(self.http2.data_to_send())
        await self.writer.drain()

    def take(self, received):
        for event in self.http2.receive_data(received):
            task, queue = self.streams.get(getattr(event, "stream_id", None), (None, asyncio.Queue()))
            if size := getattr(event, "flow_controlled_length", 0):
                self.http2.increment_flow_control_window(size)  # the connection's
            if isinstance(event, events.RequestReceived):
                self.streams[event.stream_id] = asyncio.create_task(self.serve(event.stream_id, queue)), queue
            elif isinstance(event, events.StreamReset) and task:
                self.streams.pop(event.stream_id)[0].cancel()
            elif isinstance(event, (events.DataReceived, events.StreamEnded)):
                queue.put_nowait(event)
            elif isinstance(event, events.ConnectionTerminated):
                self.over.put_nowait("GOAWAY")
            self.window_grew.set()  # perhaps

    async def serve(self, stream, received):
        """Connects one visitor to the target. Is cancelled when the stream is reset."""
        writer = None
        try:
            host, _, port = self.target.rpartition(":")
            async with asyncio.timeout(TIMEOUT):
                reader, writer = await asyncio.open_connection(host.strip("[]"), port)
            await self.send(self.http2.send_headers, stream, [(":status", "200")])
            async with asyncio.TaskGroup() as both:
                both.create_task(self.to_target(stream, received, writer))
                both.create_task(self.to_visitor(stream, reader))
            writer.close()
        except* (OSError, exceptions.ProtocolError) as failed:
            refusal = [(":status", "502"), ("pipe-reason", ascii(failed.exceptions[0])[:256])]
            with contextlib.suppress(OSError, exceptions.ProtocolError):
                if writer:
                    await self.send(self.http2.reset_stream, stream, errors.ErrorCodes.CANCEL)
                else:
                    await self.send(self.http2.send_headers, stream, refusal, end_stream=True)
        finally:
            self.streams.pop(stream, None)
            if writer and not writer.is_closing():  # the target is to see a reset, too
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

    async def to_target(self, stream, received, writer):
        writer.transport.set_write_buffer_limits(0)  # drain() returns when the kernel has taken everything
        while isinstance(event := await received.get(), events.DataReceived):
            writer.write(event.data)
            await writer.drain()
            with contextlib.suppress(exceptions.ProtocolError, ValueError):  # after both ends' END_STREAM; for 0 bytes
                await self.send(self.http2.increment_flow_control_window, event.flow_controlled_length, stream)
        writer.write_eof()

    async def to_visitor(self, stream, reader):
        while data := await reader.read(16384):  # a frame may have so much
            while self.http2.local_flow_control_window(stream) < len(data):
                self.window_grew.clear()
                await self.window_grew.wait()
            await self.send(self.http2.send_data, stream, data)
        await self.send(self.http2.end_stream, stream)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The passcode is in the environment: IOFOG_AGENT_PASSCODE.")
    for name in ("--host", "--port", "--target"):
        parser.add_argument(name, required=True)
    parser.add_argument("--plain", action="store_true", help="without TLS")
    asyncio.run(stay_connected(parser.parse_args()))
