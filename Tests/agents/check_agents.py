#!/usr/bin/python3
"""Runs an example agent of doc/agents with the server.

    check_agents.py python|go IOFOG_CONNECTOR BUILD_FOLDER

Starts the server, opens public mappings, and connects visitors to a target through the agent, in plain TCP and with
TLS. In BUILD_FOLDER the agent is built, if it has to be. Skipped where what it needs isn't installed; with CI=true in
the environment that is an error.
"""

import concurrent.futures
import contextlib
import importlib.util
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading

from played_connector import PlayedConnector
from programs import DEADLINE, ENDLESS, LARGE, TICKS, WOULD_BLOCK
from programs import Agent, Connector, Failed, Target
from programs import ended, exchange, expect, receive, receive_all, reset
from skipping import skip

LITTLE_MEMORY = 100 * 1000 * 1000  # for an agent, whatever slow visitors and targets leave with it
AGENTS = pathlib.Path(__file__).resolve().parents[2] / "doc" / "agents"


# --- what is tested ----------------------------------------------------------------------------------------------


def python_agent(_):
    if sys.version_info < (3, 11):
        skip("agents.python", "Python 3.11 is not installed")
    return [sys.executable, str(AGENTS / "agent.py")]


def go_agent(build_folder):
    # Debian's comes first: its libraries need not fit a newer one.
    go = shutil.which("go", path=f"/usr/bin:{os.environ['PATH']}")
    libraries = pathlib.Path("/usr/share/gocode")
    if not go or not (libraries / "src/golang.org/x/net/http2").exists():
        skip("agents.go", "Go and golang.org/x/net are not installed")
    program = build_folder / "go-agent"
    settings = {"GO111MODULE": "off", "GOPATH": str(libraries), "GOCACHE": str(build_folder / "go-cache")}
    command = [go, "build", "-o", program, "agent.go"]
    subprocess.run(command, cwd=AGENTS, env={**os.environ, **settings}, check=True)
    return [str(program)]


LANGUAGES = {"python": python_agent, "go": go_agent}


# --- what must be so ---------------------------------------------------------------------------------------------


def check_many(visit, _):
    count = 50
    barrier = threading.Barrier(count, timeout=DEADLINE)

    def visitor(number):
        own = random.Random(number)
        with visit() as connection:
            connection.sendall(b"echo\n")
            for _ in range(5):
                data = own.randbytes(own.randrange(1, 30000))
                connection.sendall(data)
                expect(f"visitor {number}", receive(connection, len(data)), data)
                barrier.wait()

    with concurrent.futures.ThreadPoolExecutor(count) as visitors:
        list(visitors.map(visitor, range(count)))


def check_large(visit, _):
    with visit() as connection:
        connection.sendall(b"echo\n")
        expect("both ways", exchange(connection, LARGE) == LARGE, True)
    with visit() as connection:
        connection.sendall(b"large\n")
        expect("to the visitor", receive_all(connection) == LARGE, True)


def check_visitor_ends_first(visit, _):
    with visit() as connection:
        connection.sendall(b"reverse\n" + LARGE)
        connection.shutdown(socket.SHUT_WR)
        expect("the answer", receive_all(connection) == LARGE[::-1], True)


def check_target_ends_first(visit, target):
    with visit() as connection:
        connection.sendall(b"farewell\n")
        expect("what the visitor gets", receive_all(connection), b"farewell")
        connection.sendall(b"good ")
        connection.sendall(b"night")
        connection.shutdown(socket.SHUT_WR)
        expect("what the target gets", target.told.get(timeout=DEADLINE), b"good night")


def check_target_resets(visit, _):
    with visit() as connection:
        connection.sendall(b"reset\n")
        try:
            raise Failed(f"no reset, but {receive_all(connection)}")
        except ConnectionResetError:
            pass


def check_visitor_resets(visit, target):
    with visit() as connection:
        connection.sendall(b"hear\n")
        receive(connection, 1)
        reset(connection)
    expect("what the target sees", target.told.get(timeout=DEADLINE), "reset")


def check_refused(visit, target):
    target.close()
    with visit() as connection:
        connection.sendall(b"echo\n")
        expect("what the visitor gets", ended(connection), True)
    target.open()
    check_echo(visit)


def check_slow_visitor(visit, target):
    with visit() as slow:
        slow.sendall(b"endless\n")
        receive(slow, 1)
        for _ in range(4):
            with visit() as connection:
                connection.sendall(b"large\n")
                expect("beside a slow visitor", receive_all(connection) == LARGE, True)
        expect("the slow visitor's target is held up", sum(target.sent.values()) < ENDLESS, True)


def check_slow_target(visit, _):
    with visit() as slow:
        slow.sendall(b"ignore\n")
        receive(slow, 1)
        slow.setblocking(False)
        with contextlib.suppress(*WOULD_BLOCK):
            while slow.send(LARGE):
                pass
        check_large(visit, _)


def check_echo(visit):
    with visit() as connection:
        connection.sendall(b"echo\nHello!")
        expect("the echo", receive(connection, 6), b"Hello!")


ANYWHERE = [check_many, check_large, check_refused, check_slow_visitor, check_slow_target]
# Python's sockets with TLS know neither half-close nor resets.
PLAIN = [check_visitor_ends_first, check_target_ends_first, check_target_resets, check_visitor_resets]
# Go's server can't end its direction of a stream and go on receiving.
IMPOSSIBLE = {"python": [], "go": [check_target_ends_first]}


def check_killed(command, connector, target):
    mapping = connector.add()
    with Agent(command, mapping, target, connector.certificate) as agent, connector.visit(mapping) as connection:
        connection.sendall(b"echo\n!")
        receive(connection, 1)
        agent.stop(signal.SIGKILL)
        expect("what the visitor sees is the end", ended(connection), True)
    with Agent(command, mapping, target, connector.certificate):
        check_echo(lambda: connector.visit(mapping))


def check_silence(command, connector, target):
    """Connector is given up when nothing comes from it any more, and found again."""
    mapping = connector.add(threshold=5000)
    with Agent(command, mapping, target, connector.certificate) as agent:
        agent.wait_for_line("authorized")
        with connector.stopped():
            agent.wait_for_line("dials again")
        agent.wait_for_line("authorized")
        check_echo(lambda: connector.visit(mapping))


def check_other_name(command, connector, target):
    """A certificate for another name than the one that was dialled."""
    with Agent(command, connector.add(), target, connector.certificate, host="localhost") as agent:
        why = agent.wait_for_line("dials again")
        expect(f"it is the certificate: {why}", "certificate" in why, True)


def check_with_server(language, command, program, tls):
    target = Target()
    checks = ANYWHERE if tls else [*ANYWHERE, *PLAIN]
    with Connector(program, tls) as connector:
        mapping = connector.add()
        with Agent(command, mapping, target, connector.certificate) as agent:
            for check in [check for check in checks if check not in IMPOSSIBLE[language]]:
                announce(check, "TLS" if tls else "plain")
                check(lambda: connector.visit(mapping), target)
            expect(f"{agent.most_memory()} bytes are little memory", agent.most_memory() < LITTLE_MEMORY, True)
        for check in [check_killed, check_silence, *([check_other_name] if tls else [])]:
            announce(check, "TLS" if tls else "plain")
            check(command, connector, target)


# --- what the server does too seldom to wait for it --------------------------------------------------------------

VISITOR = ("forwarded", 'for="192.0.2.7:51234"')
CONNECT = [(":method", "CONNECT"), (":authority", "mapping:6001"), VISITOR]


def check_goaway(agents, _):
    """Who is there stays, and a new connection comes for others."""
    first = agents.accept()
    early = first.open(CONNECT, b"echo\n1")
    expect("the answer", first.status(early), "200")
    expect("the echo", first.receive(early, 1), b"1")
    first.go_away()
    second = agents.accept()
    late = second.open(CONNECT, b"echo\n2")
    expect("the answer on the new connection", second.status(late), "200")
    expect("the echo on the new connection", second.receive(late, 1), b"2")
    first.send(early, LARGE)
    expect("the echo on the old connection", first.receive(early, len(LARGE)) == LARGE, True)
    first.end(early)
    expect("its end", first.receive_end(early), True)


def check_unknown(agents, _):
    """Header fields that the agent can't know harm nothing."""
    connection = agents.accept()
    stream = connection.open([*CONNECT[:2], ("new", "unknown"), ("forwarded", 'for="[2001:db8::7]:51234"')], b"echo\n!")
    expect("the answer", connection.status(stream), "200")
    expect("the echo", connection.receive(stream, 1), b"!")


def check_no_target(agents, target):
    connection = agents.accept()
    target.close()
    stream = connection.open(CONNECT, b"echo\n")
    answer = connection.answer(stream)
    expect("the answer", answer[":status"], "502")
    reason = answer["pipe-reason"]
    expect("the reason is printable ASCII", reason.isascii() and reason.isprintable(), True)
    expect("the end", connection.receive_end(stream), True)


def check_stream_resets(agents, target):
    """Both ways a reset is a reset."""
    connection = agents.accept()
    stream = connection.open(CONNECT, b"hear\n")
    expect("the answer", connection.status(stream), "200")
    connection.receive(stream, 1)
    connection.reset(stream)
    expect("what the target sees", target.told.get(timeout=DEADLINE), "reset")
    code = connection.receive_reset(connection.open(CONNECT, b"reset\n"))
    expect(f"the code is one for a break: {code}", code in ("CANCEL", "INTERNAL_ERROR"), True)


def check_credit(agents, _):
    """It is given for what the target has taken, not for what the agent has received."""
    connection = agents.accept()
    stream = connection.open(CONNECT, b"ignore\n")
    expect("the answer", connection.status(stream), "200")
    connection.receive(stream, 1)
    sent = 0
    while room := connection.room(stream):
        connection.send(stream, bytes(room))
        connection.ping()  # what is given on receipt comes before the answer
        sent += room
        if sent > ENDLESS:
            raise Failed(f"credit for {sent} bytes that nobody takes")


def check_ping(agents, _):
    """Who only listens to a stream answers nothing but PING."""
    agents.heartbeat = 2000
    connection = agents.accept()
    stream = connection.open(CONNECT, b"tick\n")
    expect("the answer", connection.status(stream), "200")
    expect("the ticking", connection.receive(stream, TICKS), bytes(TICKS))


def check_with_played_server(command):
    for check in [check_goaway, check_unknown, check_no_target, check_stream_resets, check_credit, check_ping]:
        announce(check, "played")
        target = Target()
        with PlayedConnector() as agents, Agent(command, agents.mapping, target):
            check(agents, target)


def announce(check, how):
    print(f"{check.__name__}, {how}", flush=True)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in LANGUAGES:
        sys.exit(__doc__)
    build_folder = pathlib.Path(sys.argv[3])
    build_folder.mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("h2") is None:
        skip(f"agents.{sys.argv[1]}", "h2, for Python, is not installed")
    command = LANGUAGES[sys.argv[1]](build_folder)
    try:
        check_with_played_server(command)
        for tls in (False, True):
            check_with_server(sys.argv[1], command, sys.argv[2], tls)
    except Failed as failure:
        sys.exit(f"failed: {failure}")


if __name__ == "__main__":
    main()
