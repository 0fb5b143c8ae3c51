"""Connector's side of PIPE/2 towards an agent that serves, as a test wants it."""

import collections
import socket

from programs import DEADLINE, Failed

try:
    from h2 import events
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.errors import ErrorCodes
    from hyperframe.frame import GoAwayFrame

    class Http2(H2Connection):
        """Takes no GOAWAY for the end of streams that are open, as h2's own does."""

        def _receive_goaway_frame(self, frame):
            return [], []

except ImportError:  # then the test is skipped
    pass

PASSCODE = "0b403b65-c5a0-476f-92f5-ffc7ca0f85ef"


class PlayedConnector:
    """An agents' port."""

    def __init__(self):
        self.heartbeat = 200000  # milliseconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(DEADLINE)
        self._connections = []
        self.mapping = {"port1": self._listener.getsockname()[1], "passcode1": PASSCODE}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self._connections:
            connection.close()
        self._listener.close()

    def accept(self):
        """The next connection of the agent, authorized."""
        client, _ = self._listener.accept()
        client.settimeout(DEADLINE)
        self._connections.append(client)
        greeting = f"PIPE/2 {PASSCODE}\n".encode()
        if client.recv(len(greeting), socket.MSG_WAITALL) != greeting:
            raise Failed("the greeting is wrong")
        client.sendall(b"AUTHORIZED/2 heartbeat=%d connections=1 streams=256 new=unknown\n" % self.heartbeat)
        return PlayedConnection(client)


class PlayedConnection:
    """HTTP/2 towards an agent. Streams are ids."""

    def __init__(self, client):
        self._client = client
        # Not validated by h2: it would miss a :path in a CONNECT, and tests send worse.
        settings = H2Configuration(client_side=True, header_encoding="ascii", validate_outbound_headers=False)
        self._http2 = Http2(settings)
        self._http2.initiate_connection()
        self._events = collections.defaultdict(list)
        self._data = collections.defaultdict(bytes)
        self._flush()

    def open(self, headers, first_bytes):
        stream = self._http2.get_next_available_stream_id()
        self._http2.send_headers(stream, headers)
        self._http2.send_data(stream, first_bytes)
        self._flush()
        return stream

    def answer(self, stream):
        return dict(self._wait(stream, events.ResponseReceived).headers)

    def status(self, stream):
        return self.answer(stream)[":status"]

    def room(self, stream):
        """Bytes that the agent has given credit for."""
        return self._http2.local_flow_control_window(stream)

    def ping(self):
        """Returns when all that was sent before has been received, and the answers have come."""
        self._http2.ping(bytes(8))
        self._flush()
        self._wait(None, events.PingAckReceived)

    def send(self, stream, data):
        """Receives meanwhile what comes."""
        while data:
            room = min(self.room(stream), self._http2.max_outbound_frame_size)
            if room > 0:
                self._http2.send_data(stream, data[:room])
                data = data[room:]
                self._flush()
            else:
                self._take_in()

    def receive(self, stream, size):
        while len(self._data[stream]) < size:
            self._take_in()
        data, self._data[stream] = self._data[stream][:size], self._data[stream][size:]
        return data

    def receive_end(self, stream):
        return self._wait(stream, events.StreamEnded) is not None

    def receive_reset(self, stream):
        return self._wait(stream, events.StreamReset).error_code.name

    def end(self, stream):
        self._http2.end_stream(stream)
        self._flush()

    def reset(self, stream):
        self._http2.reset_stream(stream, ErrorCodes.CANCEL)
        self._flush()

    def go_away(self):
        # h2 itself would send nothing behind it.
        self._client.sendall(GoAwayFrame(0, last_stream_id=0).serialize())

    def _flush(self):
        self._client.sendall(self._http2.data_to_send())

    def _wait(self, stream, kind):
        """The next event of the kind. stream: None for events of the connection."""
        while True:
            for event in self._events[stream]:
                if isinstance(event, kind):
                    self._events[stream].remove(event)
                    return event
            self._take_in()

    def _take_in(self):
        received = self._client.recv(65536)
        if not received:
            raise Failed("the agent closes the connection")
        for event in self._http2.receive_data(received):
            stream = getattr(event, "stream_id", None)
            if isinstance(event, events.DataReceived):
                self._data[stream] += event.data
                self._http2.acknowledge_received_data(event.flow_controlled_length, stream)
            else:
                self._events[stream].append(event)
        self._flush()
