#!/usr/bin/python3
"""An agent that speaks PIPE/2, as an example: connects the visitors of a public mapping to a target.

    IOFOG_AGENT_PASSCODE=... agent.py --host connector.example --port 6000 --target localhost:8080 --cafile ca.pem

The protocol is in doc/protocol.md, section 7. HTTP/2 is in streams.py. Needs Python 3.11 and h2.
"""

import argparse
import asyncio
import contextlib
import functools
import os
import random
import re
import socket
import ssl
import struct

from h2.exceptions import ProtocolError

from streams import Session

CONNECT_TIMEOUT = 10  # seconds, until Connector has said AUTHORIZED/2
TARGET_TIMEOUT = 8  # seconds; Connector waits 10 for the answer
FORWARDED = re.compile(rb'for="(\[[0-9a-fA-F:.]+\]|[0-9.]+):[0-9]+"')


async def stay_connected(options):
    pause, running = 1, set()
    while True:
        try:
            session = await authorized(options)
            print("authorized", flush=True)
            pause = 1
            run = asyncio.create_task(session.run())
            running.add(run)
            run.add_done_callback(running.discard)
            await asyncio.wait([run, session.goaway], return_when=asyncio.FIRST_COMPLETED)
            if session.goaway.done():
                continue  # the visitors that it has stay with the old connection
            why = run.result()
        except (OSError, ValueError) as error:
            why = error
        print(f"not connected: {why}", flush=True)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(2 * pause, 60)


async def authorized(options):
    """A session on a new connection, behind the greeting."""
    tls = None if options.plain else ssl.create_default_context(cafile=options.cafile)
    async with asyncio.timeout(CONNECT_TIMEOUT):
        reader, writer = await asyncio.open_connection(options.host, options.port, ssl=tls)
        try:
            writer.write(f"PIPE/2 {os.environ['IOFOG_AGENT_PASSCODE']}\n".encode())
            line = await reader.readline()
            answer = re.match(rb"AUTHORIZED/2 (?:.* )?heartbeat=(\d+)", line)
            if not answer:
                raise ConnectionError(f"Connector answers {line}")
        except BaseException:
            writer.close()
            raise
    return Session(reader, writer, int(answer[1]) / 1000, functools.partial(serve, options.target))


async def serve(target, visitor):
    """One visitor. Being cancelled means that it has been reset."""
    try:
        if visitor.headers.get(b":method") != b"CONNECT" or not FORWARDED.match(visitor.headers.get(b"forwarded", b"")):
            return await visitor.answer(400, 'not CONNECT with forwarded: for="ADDRESS:PORT"')
        host, _, port = target.rpartition(":")
        try:
            async with asyncio.timeout(TARGET_TIMEOUT):
                reader, writer = await asyncio.open_connection(host.strip("[]"), port)
        except OSError as error:
            status, why = (504, "no answer") if isinstance(error, TimeoutError) else (502, error.strerror)
            return await visitor.answer(status, f"the target can't be reached: {why}")
        await relay(visitor, reader, writer)
    except* (OSError, ProtocolError):
        with contextlib.suppress(OSError, ProtocolError):
            await visitor.reset()


async def relay(visitor, reader, writer):
    writer.transport.set_write_buffer_limits(0)  # drain() returns when the kernel has taken everything

    async def to_target():
        while data := await visitor.read():
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def to_visitor():
        while data := await reader.read(65536):
            await visitor.write(data)
        await visitor.end()

    try:
        await visitor.answer(200)
        async with asyncio.TaskGroup() as both:
            both.create_task(to_target())
            both.create_task(to_visitor())
        writer.close()
    finally:
        if not writer.is_closing():  # it did not get here: the target is to see a reset, too
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()


def main():
    parser = argparse.ArgumentParser(description="The passcode is in the environment: IOFOG_AGENT_PASSCODE.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    security = parser.add_mutually_exclusive_group()
    security.add_argument("--plain", action="store_true", help="no TLS")
    security.add_argument("--cafile", help="the CA of Connector's certificate; without it, the system's CAs")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(stay_connected(parser.parse_args()))


if __name__ == "__main__":
    main()
