#!/usr/bin/env python3
"""Runs Connector and the programs it is compared with in turn on the same work, and reports medians."""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import capacity
import fleet
import growth
import programs
import report
from programs import find

# Name, what bench-load is asked for, how many streams. A visitor of "visits" is served by a pool of 60.
BULK = [(f"download, {n} stream{'s' * (n > 1)}", "download", n) for n in (1, 8, 64)]
BOTH = [(f"both ways, {n} stream{'s' * (n > 1)}", "exchange", n) for n in (1, 8, 64)]
PING = [(f"ping-pong, {n} stream{'s' * (n > 1)}", "pingpong", n) for n in (1, 16, 256)]
VISITS = [("visitors", "visit", 16)]
POOL = 60
LINE_VISITS = [(f"visitors, {n:,} at a time", "visit", n) for n in (50, 200, 1000)]
PAGES = [(f"page of 60 images, {n} browser{'s' * (n > 1)}", "page", n) for n in (1, 10)]
BESIDE = [("ping-pong beside a download", "beside", 1)]
# Milliseconds there and back, Mbit/s. At 1,000 the machine is not what limits bulk, at 200 bulk has a queue.
LINES = [(20, 1000), (100, 1000)]
SLOW_LINE = (10, 200)
# A measurement over a line lasts for so many round trips at least, twice as many where that would not be two pages.
# What goes before it is as long, and three times for bulk, whose windows grow, lose packets and recover.
LINE_TURNS = 20
PAGE_FACTOR = 2
LINE_BULK_FACTOR = 3
# What comes of buffers that fill up at first would be a good part of a short measurement.
BULK_FACTOR = 2
# Shares that may differ by 5 % only are measured more often.
IDLE_FACTOR = 3


class Bench:
    def __init__(self, setup, options):
        self._setup = setup
        self._options = options

    def load(self, program, work, streams):
        """One measurement of bench-load; of a fleet, at each of its members at once."""
        if hasattr(program, "members"):
            return fleet.load(self, program, work, streams)
        seconds = self._options.seconds
        is_bulk = work in ("download", "exchange")
        spec = {
            "work": "pingpong" if work == "beside" else work, "beside": int(work == "beside"),
            "streams": streams, "near": program.near, "host": program.host, "tls": program.tls,
            "serverName": program.server_name,
            "stalled": program.stalled, "far": program.far(POOL if work == "visit" else streams + program.stalled),
            "seconds": seconds * BULK_FACTOR if is_bulk else seconds,
            "warmup": seconds if is_bulk else seconds / 3, "watch": program.pids()}
        if self._setup.line:
            least = max(seconds * BULK_FACTOR, LINE_TURNS * self._setup.line.round_trip)
            spec["seconds"] = least * (PAGE_FACTOR if work == "page" else 1)
            spec["warmup"] = least * (LINE_BULK_FACTOR if is_bulk else 1)
        answer = subprocess.run([self._setup.program("bench-load"), json.dumps(spec)], capture_output=True, text=True)
        if answer.returncode != 0:
            raise RuntimeError(answer.stderr.strip())
        measured = json.loads(answer.stdout)
        measured["rss"] = sum(programs.status_of(pid, "VmRSS") for pid in spec["watch"]) * 1024
        return measured

    def compare(self, group, contenders, works, factor=1):
        """All works for all programs, in rounds; rows for the report. The first program is what the others are
        compared with."""
        rows = []
        for name, work, streams in works:
            if self._options.work and not any(part in name for part in self._options.work):
                continue
            rounds = {program.name: [] for program in contenders}
            errors = {}
            for turn in range(self._options.rounds * factor):
                first = turn % len(contenders)  # nobody is always the one who comes after the same
                for program in contenders[first:] + contenders[:first]:
                    if program.name in errors:  # another try would cost every round its patience
                        continue
                    try:
                        rounds[program.name].append(figures(work, self.load(program, work, streams)))
                    except RuntimeError as error:
                        errors[program.name] = str(error)
            for program in contenders:
                if program.name in errors:
                    program.restart()
            row = {"group": group, "work": name,
                   "programs": {program: medians(each) for program, each in rounds.items() if program not in errors},
                   "shares": {program: shares(each, rounds[contenders[0].name])
                              for program, each in rounds.items() if program not in errors},
                   "errors": errors}
            rows.append(row)
            print(report.table(group, [row]), flush=True)
        return rows


def figures(work, measured):
    """What a measurement says, in the units of the report."""
    seconds = measured["seconds"]
    result = {"memory": measured["rss"], "failures": measured["failures"], "cores": measured["cpu"] / seconds,
              "generator cores": measured["generatorCpu"] / seconds}
    if work in ("download", "exchange"):
        result["Gbit/s"] = measured["bytes"] * 8 / 1e9 / seconds
        result["CPU s/GB"] = measured["cpu"] / max(measured["bytes"] / 1e9, 1e-9)
    else:
        result["per s"] = measured["turns"] / seconds
        result["CPU us each"] = measured["cpu"] * 1e6 / max(measured["turns"], 1)
        result["generator's us"] = measured["generatorCpu"] * 1e6 / max(measured["turns"], 1)
        result |= {key: measured[key] for key in ("p50", "p99", "p999")}
    if work == "beside":
        result["Mbit/s beside"] = measured["bytes"] * 8 / 1e6 / seconds
    return result


def medians(rounds):
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def shares(rounds, of_rounds):
    """Of each figure what it is of the other program's in the same round: median, and the quartiles around it."""
    result = {}
    for key in rounds[0]:
        each = [mine[key] / other[key] for mine, other in zip(rounds, of_rounds) if other[key]]
        if each:
            low, middle, high = statistics.quantiles(each, method="inclusive") if len(each) > 1 else each * 3
            result[key] = {"median": middle, "low": low, "high": high}
    return result


def started(wanted):
    """The programs of the list (name, binary, function that starts it) that are installed."""
    running = []
    try:
        for name, binary, start in wanted:
            if binary and not find(binary):
                print(f"{name}: not installed, left out", flush=True)
                continue
            running.append(start())
    except BaseException:
        stop(running)
        raise
    return running


def stop(running):
    for program in reversed(running):
        program.stop()


def skip(what, why):
    """As ./do and the system tests do (Tests/system/Skipping.h)."""
    if os.environ.get("CI") == "true":
        raise RuntimeError(f"CI must not skip {what}: {why}")
    line = f"skipped: {what}: {why}"
    print(line, flush=True)
    if "CONNECTOR_SKIPPED" in os.environ:
        with open(os.environ["CONNECTOR_SKIPPED"], "a") as file:
            print(line, file=file)


def group(bench, setup, name, wanted, works, options, factor=1, line=None):
    """line: milliseconds there and back and Mbit/s of what is between the halves of the programs; None: nothing is."""
    only = options.only
    wanted = [each for each in wanted if not options.programs or each[0] in options.programs]
    if only and not any(part in name for part in only):
        return []
    with contextlib.ExitStack() as stack:
        if line:
            try:
                stack.enter_context(setup.over(*line))
            except RuntimeError as error:
                skip(f"bench, {name}", f"{error} (a line takes root, network namespaces and /dev/net/tun)")
                return []
        running = started(wanted)
        stack.callback(stop, running)
        return bench.compare(name, running, works, factor)


def speed(bench, setup, options):
    hop = [("Connector", None, lambda: programs.ConnectorHop(setup)),
           ("haproxy", "haproxy", lambda: programs.HAProxy(setup, "haproxy")),
           ("haproxy, splice", "haproxy", lambda: programs.HAProxy(setup, "haproxy, splice", splice=True)),
           ("nginx", "nginx", lambda: programs.Nginx(setup, "nginx"))]
    hop_tls = [("Connector", None, lambda: programs.ConnectorHop(setup, tls=True)),
               ("haproxy", "haproxy", lambda: programs.HAProxy(setup, "haproxy", tls=True)),
               ("nginx", "nginx", lambda: programs.Nginx(setup, "nginx", tls=True, target_tls=True))]
    tunnel = [("Connector", None, lambda: programs.ConnectorTunnel(setup, "Connector")),
              ("frp", "frps", lambda: programs.Frp(setup, "frp")),
              ("rathole", "rathole", lambda: programs.Rathole(setup, "rathole"))]
    tunnel_tls = [("Connector", None, lambda: programs.ConnectorTunnel(setup, "Connector", tls=True)),
                  ("frp, TLS", "frps", lambda: programs.Frp(setup, "frp, TLS", encrypted=True, tls=True)),
                  ("frp, TLS inside", "frps", lambda: programs.Frp(setup, "frp, TLS inside", encrypted=True)),
                  ("chisel", "chisel", lambda: programs.Chisel(setup, "chisel")),
                  ("ssh -R", "sshd", lambda: programs.Ssh(setup, "ssh -R"))]
    idle = [("Connector", None, lambda: programs.ConnectorHop(setup)),
            ("mappings", None, lambda: capacity.BesideMappings(setup, "beside 9,000 mappings")),
            ("agents", None, lambda: capacity.BesideAgents(setup, "beside 9,000 agents")),
            ("stalled", None, lambda: programs.ConnectorHop(setup, name="beside 8 stalled visitors", stalled=8))]
    front = [("Connector", None, lambda: programs.ConnectorTunnel(setup, "Connector", tls=True)),
             ("by name", None, lambda: programs.ConnectorTunnel(setup, "by name", tls=True, front=True))]
    works = BULK + BOTH + PING + VISITS
    over_line = [("Connector", None, lambda: programs.ConnectorTunnel(setup, "Connector", places=POOL))] + tunnel[1:]
    over_line_tls = [("Connector", None, lambda: programs.ConnectorTunnel(setup, "Connector", tls=True, places=POOL))
                     ] + tunnel_tls[1:]
    by_name = [("by name", None,
                lambda: programs.ConnectorTunnel(setup, "by name", tls=True, places=POOL, front=True))]
    # Visitors that connect over the line have a round trip more than those who come to its near end.
    direct = [("direct", None, lambda: programs.Direct(setup, "direct"))]
    rows = (group(bench, setup, "hop, plain", hop, works, options) +
            group(bench, setup, "hop, TLS", hop_tls, works, options) +
            group(bench, setup, "tunnel, plain", tunnel, works, options) +
            group(bench, setup, "tunnel, encrypted", tunnel_tls, works, options) +
            group(bench, setup, "front, encrypted", front, VISITS, options, IDLE_FACTOR) +
            group(bench, setup, "idle, plain", idle, BULK[1:2] + PING[1:2], options, IDLE_FACTOR))
    for line in LINES:
        name = f"line, {line[0]} ms"
        rows += group(bench, setup, name + ", visitors", over_line, LINE_VISITS, options, line=line)
        rows += group(bench, setup, name + ", visitors, encrypted", over_line_tls, LINE_VISITS, options, line=line)
        rows += group(bench, setup, name + ", front, encrypted", over_line_tls[:1] + by_name, LINE_VISITS, options,
                      line=line)
        rows += group(bench, setup, name + ", bulk", over_line + direct, BULK[:2] + PAGES, options, line=line)
    rows += group(bench, setup, "line, 10 ms, 200 Mbit/s", over_line + direct, BESIDE, options, line=SLOW_LINE)
    return rows


def fleets(bench, setup, options):
    """Connectors that have a part of the machine each: what more of them carry, as on machines of their own."""
    name = "fleet, plain"
    if options.only and not any(part in name for part in options.only):
        return []
    try:
        fleet.try_out()
    except RuntimeError as error:
        skip(f"bench, {name}", error)
        return []
    cores = os.cpu_count() * fleet.CONNECTORS_SHARE
    wanted = [(str(count), None, lambda count=count: fleet.Fleet(setup, count, cores)) for count in (1, 2, 3)]
    return group(bench, setup, name, wanted, BULK[1:2] + VISITS, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", default="build/bin", help="folder of iofog-connector and bench-load")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, of which the median counts")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a measurement; of bulk twice as long")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT",
                        help="only the groups with this in their name, which are: "
                             "hop, plain; hop, TLS; tunnel, plain; tunnel, encrypted; idle, plain; line, ...; "
                             "fleet, plain; capacity: ...; fleet: ...")
    parser.add_argument("--work", action="append", default=[], metavar="TEXT", help="only the works with this in their name")
    parser.add_argument("--programs", action="append", default=[], metavar="NAME",
                        help="only these programs, such as Connector or haproxy")
    parser.add_argument("--strict", action="store_true", help="fail when a program failed or broke a connection")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--svg", metavar="FILE", help="draw a picture of them there")
    parser.add_argument("--keep", action="store_true", help="keep the folder with configurations and logs")
    return parser.parse_args()


def main():
    options = parse()
    folder = tempfile.mkdtemp(prefix="connector-bench.")
    setup = programs.Setup(folder, os.path.abspath(options.binaries))
    bench = Bench(setup, options)
    began = time.monotonic()
    try:
        rows = speed(bench, setup, options) + fleets(bench, setup, options)
        facts = capacity.measure(capacity.facts_of(setup) | {"fleet: 9,000 mappings": lambda: growth.measure(setup)},
                                 options.only)
    except BaseException:
        print(f"configurations and logs: {folder}", file=sys.stderr)
        raise
    results = {"machine": report.machine(), "rounds": options.rounds, "seconds": options.seconds, "rows": rows,
               "capacity": facts}
    print(report.text(results))
    print(f"\n{time.monotonic() - began:.0f} s")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)
    if options.svg:
        report.draw(results, options.svg)
    if not options.keep:
        shutil.rmtree(folder)
    if options.strict and report.failures(rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
