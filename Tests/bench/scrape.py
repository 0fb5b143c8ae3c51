#!/usr/bin/env python3
"""Measures what GET /metrics costs beside 9,000 mappings: how long it takes, and what it does to a ping-pong's p99."""

import argparse
import os
import shutil
import statistics
import tempfile
import threading
import time
import types
import urllib.request

import capacity
import programs
from bench import Bench, figures

STREAMS = 16
SCRAPES = 10


def scrape(hop):
    """Seconds and bytes."""
    began = time.monotonic()
    with urllib.request.urlopen(f"http://{programs.HOST}:{hop.connector.api}/metrics", timeout=60) as answer:
        size = len(answer.read())
    return time.monotonic() - began, size


class Scraper:
    """Scrapes once in each interval while it lasts."""

    def __init__(self, hop, interval):
        self._hop, self._interval = hop, interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._over.wait(self._interval / 2):
            scrape(self._hop)
            self._over.wait(self._interval / 2)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def measure(bench, hop, rounds, interval):
    """p99 of each round, in the bench's unit, without scrapes and with them; who is first takes turns."""
    alone, beside = [], []
    for turn in range(rounds):
        for is_scraped in ((False, True) if turn % 2 else (True, False)):
            if is_scraped:
                with Scraper(hop, interval):
                    beside.append(figures("pingpong", bench.load(hop, "pingpong", STREAMS))["p99"])
            else:
                alone.append(figures("pingpong", bench.load(hop, "pingpong", STREAMS))["p99"])
    return alone, beside


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", default="build/bin", help="folder of iofog-connector and bench-load")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, of which the median counts")
    parser.add_argument("--interval", type=float, default=15, help="seconds between two scrapes")
    parser.add_argument("--seconds", type=float, default=15, help="length of a measurement")
    return parser.parse_args()


def main():
    options = parse()
    folder = tempfile.mkdtemp(prefix="connector-bench.")
    setup = programs.Setup(folder, os.path.abspath(options.binaries))
    bench = Bench(setup, types.SimpleNamespace(seconds=options.seconds))
    hop = capacity.BesideMappings(setup, "scraped")
    try:
        scrape(hop)
        times, sizes = zip(*(scrape(hop) for _ in range(SCRAPES)))
        print(f"a scrape beside {capacity.MAPPINGS:,} mappings: {statistics.median(times) * 1000:.0f} ms "
              f"({max(times) * 1000:.0f} at the most of {SCRAPES}), {sizes[0] / 1e6:.1f} MB", flush=True)
        alone, beside = measure(bench, hop, options.rounds, options.interval)
        share = statistics.median(b / a for a, b in zip(alone, beside))
        print(f"p99 of {STREAMS} ping-pongs: {statistics.median(alone):.4g} alone, {statistics.median(beside):.4g} "
              f"with a scrape each {options.interval:g} s, {share:.3f} times as long "
              f"(rounds: {', '.join(f'{b / a:.3f}' for a, b in zip(alone, beside))})")
    finally:
        hop.stop()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
