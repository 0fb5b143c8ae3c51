#!/usr/bin/python3
"""Checks the conversation that doc/protocol.md shows byte by byte.

    check_example.py

What the bytes are decoded to must be what stands beside them, and HTTP/2 at both ends must take them for the
conversation that the text describes. Skipped without h2; with CI=true in the environment that is an error.
"""

import pathlib
import re
import sys

from skipping import skip

try:
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.errors import ErrorCodes
    from h2.settings import SettingCodes
    from hpack import Decoder
    from hyperframe.frame import DataFrame, Frame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame
    from hyperframe.frame import WindowUpdateFrame
except ImportError:
    skip("agents.example", "h2, for Python, is not installed")

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "doc" / "protocol.md"
HEADING = "### A conversation, byte by byte\n"
LINE = re.compile(r"    ([<>]) ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: +(\S.*))?")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER = 9
NAMES = {"RSTSTREAM": "RST_STREAM", "WINDOWUPDATE": "WINDOW_UPDATE"}


class Failed(Exception):
    """The document is wrong."""


class Lines:
    """The lines of the example, with the bytes of each and what stands beside them."""

    def __init__(self, text):
        self._lines = []
        for line in text.splitlines():
            match = LINE.fullmatch(line)
            if match:
                self._lines.append((match[1], bytes.fromhex(match[2]), match[3] or ""))
            elif line.startswith("    "):
                raise Failed(f"this is no line of the example: {line}")

    def is_empty(self):
        return not self._lines

    def direction(self):
        return self._lines[0][0]

    def take(self, what):
        """One line."""
        direction, data, comment = self._lines.pop(0)
        print(f"{direction} {what}: {comment}")
        return data, comment

    def take_text(self, size=None):
        """Lines of text: so many bytes, or to a newline's end."""
        data = b""
        while len(data) != size and not (size is None and data.endswith(b"\n")):
            line, comment = self.take("text")
            expect(comment, line.decode("ascii").replace("\r", "\\r").replace("\n", "\\n"))
            data += line
        return data

    def take_item(self):
        """A line and those that go on with it, which have nothing beside them."""
        data, comment = self.take("item")
        while self._lines and not self._lines[0][2]:
            data += self.take("more")[0]
        return data, comment


def expect(found, wanted):
    if found != wanted:
        raise Failed(f"the document has {found!r} instead of {wanted!r}")


class FrameReader:
    """The frames of one direction."""

    def __init__(self):
        self._decoder = Decoder()

    def take(self, lines):
        """The bytes of the next frame."""
        header, comment = lines.take("frame")
        expect(len(header), FRAME_HEADER)
        frame, size = Frame.parse_frame_header(memoryview(header))
        expect(comment, self._describe(frame, size))
        data = self._take_payload(lines, frame, size)
        expect(len(data), size)
        return header + data

    def _describe(self, frame, size):
        kind = type(frame).__name__.removesuffix("Frame").upper()
        stream = [f"stream {frame.stream_id}"] if frame.stream_id else []
        length = f"{size} byte{'s' if size != 1 else ''}"
        return ", ".join([NAMES.get(kind, kind), *stream, *sorted(frame.flags), length])

    def _take_payload(self, lines, frame, size):
        if isinstance(frame, (DataFrame, PingFrame)):
            return lines.take_text(size)
        data = b""
        while len(data) < size:
            item, comment = lines.take_item()
            expect(comment, self._describe_item(frame, item))
            data += item
        return data

    def _describe_item(self, frame, item):
        if isinstance(frame, HeadersFrame):
            return ", ".join(f"{name}: {value}" for name, value in self._decoder.decode(item))
        number = int.from_bytes(item[-4:], "big")
        if isinstance(frame, SettingsFrame):
            return f"{SettingCodes(int.from_bytes(item[:2], 'big')).name} = {number}"
        if isinstance(frame, RstStreamFrame):
            return ErrorCodes(number).name
        if isinstance(frame, WindowUpdateFrame):
            return str(number)
        raise Failed(f"{frame} is not described")


def read_conversation(lines):
    """The greeting, the answer, and what each direction has of HTTP/2."""
    greeting = lines.take_text()
    answer = lines.take_text()
    http2 = {"<": lines.take_text(len(PREFACE)), ">": b""}
    readers = {direction: FrameReader() for direction in http2}
    while not lines.is_empty():
        direction = lines.direction()
        http2[direction] += readers[direction].take(lines)
    return greeting, answer, http2


def names_of(events):
    return [f"{type(event).__name__} {getattr(event, 'stream_id', '')}".strip() for event in events]


def check_http2(http2):
    """h2 is the agent, and then Connector, and is told the same as they are."""
    agent = H2Connection(H2Configuration(client_side=False, validate_inbound_headers=False))
    agent.initiate_connection()
    agent.ping(b"anybody?")
    expect(
        names_of(agent.receive_data(http2["<"])),
        ["RemoteSettingsChanged", "WindowUpdated 0", "SettingsAcknowledged", "RequestReceived 1", "DataReceived 1",
         "DataReceived 1", "StreamEnded 1", "RequestReceived 3", "DataReceived 3", "StreamReset 3", "PingAckReceived"],
    )
    connector = H2Connection(H2Configuration(client_side=True, validate_outbound_headers=False))
    connector.initiate_connection()
    for stream in (1, 3):
        connector.send_headers(stream, [(":method", "CONNECT"), (":authority", "mapping:6001")])
        connector.send_data(stream, b"GET / HTTP/1.0\r\n\r\n")
    expect(
        names_of(connector.receive_data(http2[">"])),
        ["RemoteSettingsChanged", "WindowUpdated 0", "SettingsAcknowledged", "ResponseReceived 1", "WindowUpdated 1",
         "DataReceived 1", "DataReceived 1", "StreamEnded 1", "ResponseReceived 3", "StreamEnded 3", "PingReceived"],
    )


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    try:
        lines = Lines(text[text.index(HEADING) :])
        greeting, answer, http2 = read_conversation(lines)
        expect(greeting.startswith(b"PIPE/2 "), True)
        expect(answer.startswith(b"AUTHORIZED/2 "), True)
        expect(http2["<"].startswith(PREFACE), True)
        check_http2(http2)
    except Failed as failure:
        sys.exit(f"{DOCUMENT.name}: {failure}")


if __name__ == "__main__":
    main()
