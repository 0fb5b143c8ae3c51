#!/usr/bin/python3
"""An agent that speaks PIPE/2, as an example: connects the visitors of a public mapping to a target.

    IOFOG_AGENT_PASSCODE=... agent.py --host connector.example --port 6000 --target localhost:8080 --cafile ca.pem

The protocol is described in doc/protocol.md, section 7. Needs Python 3.11 and h2 (Debian 12: python3-h2).
"""
import argparse, asyncio, contextlib, os, random, re, socket, ssl, struct

from h2 import config, connection, errors, events, exceptions, settings

TIMEOUT = 10  # seconds to connect to Connector and be authorized; to connect to the target
SETTINGS = {settings.SettingCodes.INITIAL_WINDOW_SIZE: 256 * 1024, settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1000}
FORWARDED = re.compile(rb'for="(\[[0-9a-fA-F:.]+\]|[0-9.]+):[0-9]+"')


class Http2(connection.H2Connection):
    def _receive_goaway_frame(self, frame):  # h2's own ends everything, but open streams go on
        event = events.ConnectionTerminated()
        event.error_code = frame.error_code
        return [], [event]


class Connection:
    """A connection to Connector. Each visitor is a stream of it."""

    def __init__(self, reader, writer, heartbeat, target):
        self.reader, self.writer, self.heartbeat, self.target = reader, writer, heartbeat, target
        # h2 would miss a :path in a CONNECT; serve() looks at the headers itself.
        self.http2 = Http2(config.H2Configuration(False, header_encoding=None, validate_inbound_headers=False))
        self.http2.local_settings = settings.Settings(client=False, initial_values=SETTINGS)
        self.received = {}  # by stream: a queue of (bytes, what they count in the window), at last (None, 0)
        self.tasks = {}  # by stream
        self.window_grew = asyncio.Event()
        self.goaway = asyncio.get_running_loop().create_future()

    async def run(self):
        """Until the connection is lost. Returns why."""
        self.http2.initiate_connection()
        self.http2.increment_flow_control_window(2**31 - 1 - 65535)  # only the streams' windows hold anybody up
        silent_thirds = 0
        try:
            while silent_thirds < 3:
                try:
                    async with asyncio.timeout(self.heartbeat / 3 or None):
                        await self.flush()
                        received = await self.reader.read(65536)
                except TimeoutError:
                    silent_thirds += 1
                    self.http2.ping(bytes(8))
                    continue
                if not received:
                    return "closed by Connector"
                silent_thirds = 0
                for event in self.http2.receive_data(received):
                    self.handle(event)
            return "Connector is silent"
        except (OSError, exceptions.ProtocolError) as error:
            self.writer.write(self.http2.data_to_send())  # if the protocol was violated, a GOAWAY that says how
            return error
        finally:
            for task in self.tasks.values():
                task.cancel()
            self.writer.transport.abort()

    async def flush(self):
        self.writer.write(self.http2.data_to_send())
        await self.writer.drain()

    def handle(self, event):
        stream = getattr(event, "stream_id", 0)
        if isinstance(event, events.RequestReceived):
            self.received[stream] = asyncio.Queue()
            self.tasks[stream] = asyncio.create_task(self.serve(stream, dict(event.headers)))
            self.tasks[stream].add_done_callback(lambda _: self.forget(stream))
        elif isinstance(event, events.DataReceived):
            if stream in self.tasks:
                self.received[stream].put_nowait((event.data, event.flow_controlled_length))
            else:
                self.http2.acknowledge_received_data(event.flow_controlled_length, stream)
        elif isinstance(event, events.StreamEnded) and stream in self.tasks:
            self.received[stream].put_nowait((None, 0))
        elif isinstance(event, events.StreamReset) and stream in self.tasks:
            self.tasks[stream].cancel()
        elif isinstance(event, (events.WindowUpdated, events.RemoteSettingsChanged)):
            self.window_grew.set()
        elif isinstance(event, events.ConnectionTerminated) and not (event.error_code or self.goaway.done()):
            self.goaway.set_result(None)

    def forget(self, stream):
        del self.tasks[stream]
        rest = self.received.pop(stream)
        while not rest.empty():  # the connection's window wants it back
            self.http2.acknowledge_received_data(rest.get_nowait()[1], stream)

    async def serve(self, stream, headers):
        try:
            if headers.get(b":method") != b"CONNECT" or not FORWARDED.match(headers.get(b"forwarded", b"")):
                return await self.answer(stream, 400, 'not CONNECT with forwarded: for="ADDRESS:PORT"')
            try:
                async with asyncio.timeout(TIMEOUT):
                    reader, writer = await asyncio.open_connection(*self.target)
            except OSError as error:
                status, why = (504, "no answer") if isinstance(error, TimeoutError) else (502, error.strerror)
                return await self.answer(stream, status, f"the target can't be reached: {why}")
            try:
                await self.answer(stream, 200)
                async with asyncio.TaskGroup() as directions:
                    directions.create_task(self.to_target(stream, writer))
                    directions.create_task(self.to_visitor(stream, reader))
                writer.close()
            finally:
                if not writer.is_closing():  # reset, not closed, as the visitor's stream was
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
        except* (OSError, exceptions.ProtocolError):
            with contextlib.suppress(OSError, exceptions.ProtocolError):
                self.http2.reset_stream(stream, errors.ErrorCodes.CANCEL)
                await self.flush()

    async def answer(self, stream, status, reason=None):
        headers = [(":status", str(status))] + ([("pipe-reason", reason)] if reason else [])
        self.http2.send_headers(stream, headers, end_stream=reason is not None)
        await self.flush()

    async def to_target(self, stream, writer):
        writer.transport.set_write_buffer_limits(0)  # so that drain() waits until the kernel has all
        while True:
            data, size = await self.received[stream].get()
            if data is None:
                return writer.write_eof()
            try:
                writer.write(data)
                await writer.drain()
            finally:
                self.http2.acknowledge_received_data(size, stream)
            await self.flush()

    async def to_visitor(self, stream, reader):
        while data := await reader.read(65536):
            while data:
                room = min(self.http2.local_flow_control_window(stream), self.http2.max_outbound_frame_size)
                if room <= 0:
                    self.window_grew.clear()
                    await self.window_grew.wait()
                    continue
                self.http2.send_data(stream, data[:room])
                data = data[room:]
                await self.flush()
        self.http2.end_stream(stream)
        await self.flush()


async def authorized(options):
    tls = None if options.plain else ssl.create_default_context(cafile=options.cafile)
    async with asyncio.timeout(TIMEOUT):
        reader, writer = await asyncio.open_connection(options.host, options.port, ssl=tls)
        writer.write(f"PIPE/2 {os.environ['IOFOG_AGENT_PASSCODE']}\n".encode())
        line = await reader.readline()
    answer = re.match(rb"AUTHORIZED/2 (?:.* )?heartbeat=(\d+)", line)
    if not answer:
        writer.close()
        raise ConnectionError(f"Connector answers {line}")
    host, _, port = options.target.rpartition(":")
    return Connection(reader, writer, int(answer[1]) / 1000, (host.strip("[]"), port))


async def stay_connected(options):
    pause, running = 1, set()
    while True:
        try:
            connection = await authorized(options)
            print("authorized", flush=True)
            pause = 1
            run = asyncio.create_task(connection.run())
            running.add(run)
            run.add_done_callback(running.discard)
            await asyncio.wait([run, connection.goaway], return_when=asyncio.FIRST_COMPLETED)
            if connection.goaway.done():
                continue  # those that are on this connection stay there
            why = run.result()
        except (OSError, ValueError) as error:
            why = error
        print(f"not connected: {why}", flush=True)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(2 * pause, 60)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The passcode is in the environment: IOFOG_AGENT_PASSCODE.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--plain", action="store_true", help="without TLS")
    transport.add_argument("--cafile", help="the CA of Connector's certificate, instead of the system's")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(stay_connected(parser.parse_args()))
