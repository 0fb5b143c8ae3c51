"""The serving side of HTTP/2 on a connection that exists already, with h2 (Debian 12: python3-h2), for agent.py."""

import asyncio

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

# So much is received on a stream before it is read.
WINDOW = 256 * 1024
SETTINGS = {SettingCodes.INITIAL_WINDOW_SIZE: WINDOW, SettingCodes.MAX_CONCURRENT_STREAMS: 1000}


class Http2(H2Connection):
    def _receive_goaway_frame(self, frame):
        """h2's own takes it for the end of all streams, but those that are open go on."""
        event = events.ConnectionTerminated()
        event.error_code = frame.error_code
        return [], [event]


class Session:
    """Serves the streams of a connection.

    silence: seconds for which nothing may come before the connection is given up; 0: any.
    serve(stream): a coroutine function, called for each stream; cancelled when the stream is reset.
    """

    def __init__(self, reader, writer, silence, serve):
        self._reader, self._writer, self._silence, self._serve = reader, writer, silence, serve
        # Not validated by h2: it would miss a :path in a CONNECT. Header fields are bytes.
        self.http2 = Http2(H2Configuration(client_side=False, header_encoding=None, validate_inbound_headers=False))
        self.http2.local_settings = Settings(client=False, initial_values=SETTINGS)
        self.window_grew = asyncio.Event()
        self.goaway = asyncio.get_running_loop().create_future()  # done when no more streams will be opened
        self._streams = {}

    async def run(self):
        """Until the connection is lost. Returns why."""
        self.http2.initiate_connection()
        self.http2.increment_flow_control_window(2**31 - 1 - 65535)  # only its own window holds a stream up
        silent_thirds = 0
        try:
            while silent_thirds < 3:
                try:
                    async with asyncio.timeout(self._silence / 3 or None):
                        await self.flush()
                        received = await self._reader.read(65536)
                except TimeoutError:
                    silent_thirds += 1
                    self.http2.ping(bytes(8))
                    continue
                if not received:
                    return "closed by the other end"
                silent_thirds = 0
                for event in self.http2.receive_data(received):
                    self._handle(event)
            return "the other end is silent"
        except (OSError, ProtocolError) as error:
            self._writer.write(self.http2.data_to_send())  # after a ProtocolError: GOAWAY
            return error
        finally:
            for stream in self._streams.values():
                stream.task.cancel()
            self._writer.transport.abort()

    async def flush(self):
        self._writer.write(self.http2.data_to_send())
        await self._writer.drain()

    def _handle(self, event):
        stream = self._streams.get(getattr(event, "stream_id", 0))
        if isinstance(event, events.RequestReceived):
            stream = self._streams[event.stream_id] = Stream(self, event.stream_id, dict(event.headers))
            stream.task = asyncio.create_task(self._serve(stream))
            stream.task.add_done_callback(lambda _: self._forget(stream))
        elif isinstance(event, events.DataReceived):
            if stream and event.data:
                stream.received.put_nowait((event.data, event.flow_controlled_length))
            else:
                self.http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, events.StreamEnded) and stream:
            stream.received.put_nowait((b"", 0))
        elif isinstance(event, events.StreamReset) and stream:
            stream.task.cancel()
        elif isinstance(event, (events.WindowUpdated, events.RemoteSettingsChanged)):
            self.window_grew.set()
        elif isinstance(event, events.ConnectionTerminated) and not (event.error_code or self.goaway.done()):
            self.goaway.set_result(None)

    def _forget(self, stream):
        del self._streams[stream.id]
        size = stream.taken
        while not stream.received.empty():
            size += stream.received.get_nowait()[1]
        self.http2.acknowledge_received_data(size, stream.id)  # for the connection's window


class Stream:
    """What a visitor says, and what it is told. Calls raise OSError or ProtocolError when it has been reset."""

    def __init__(self, session, stream_id, headers):
        self.id, self.headers = stream_id, headers
        self.received = asyncio.Queue()  # of (bytes, what they take of the window), at the end (b"", 0)
        self.taken = 0  # of the window, by what read() returned last
        self._session, self._http2 = session, session.http2

    async def answer(self, status, reason=None):
        """reason: why there is nothing to be had. Ends the stream."""
        fields = [(":status", str(status))] + ([("pipe-reason", reason)] if reason else [])
        self._http2.send_headers(self.id, fields, end_stream=bool(reason))
        await self._session.flush()

    async def read(self):
        """b"" at the end. What it returned before has been used, and makes room in the window."""
        self._http2.acknowledge_received_data(self.taken, self.id)
        self.taken = 0
        await self._session.flush()
        data, self.taken = await self.received.get()
        return data

    async def write(self, data):
        while data:
            room = min(self._http2.local_flow_control_window(self.id), self._http2.max_outbound_frame_size)
            if room > 0:
                self._http2.send_data(self.id, data[:room])
                data = data[room:]
                await self._session.flush()
            else:
                self._session.window_grew.clear()
                await self._session.window_grew.wait()

    async def end(self):
        self._http2.end_stream(self.id)
        await self._session.flush()

    async def reset(self):
        self._http2.reset_stream(self.id, ErrorCodes.CANCEL)
        await self._session.flush()
