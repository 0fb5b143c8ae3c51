"""The figures as text, and as a picture."""

import os
import platform

# Which figures a row shows, by the work's main one.
SHOWN = {"Gbit/s": ["Gbit/s", "CPU s/GB"],
         "per s": ["per s", "CPU us each", "p50", "p99", "p999", "generator's us", "Mbit/s beside"]}
TITLES = {"p50": "p50, us", "p99": "p99, us", "p999": "p99.9, us", "generator's us": "generator's CPU us"}

# Text, group, work, figure, peer (None: the best of all), and the least or the most that Connector's share may be.
TARGETS = [
    ("hop, plain", "download, 8 streams", "Gbit/s", "haproxy, splice", "least", 1.4),
    ("hop, plain", "download, 8 streams", "CPU s/GB", "haproxy, splice", "most", 0.65),
    ("hop, plain", "download, 1 stream", "Gbit/s", "haproxy, splice", "least", 1.2),
    ("hop, TLS", "download, 8 streams", "Gbit/s", "haproxy", "least", 1.1),
    ("hop, plain", "ping-pong, 16 streams", "per s", "haproxy", "least", 1.0),
    ("hop, plain", "ping-pong, 16 streams", "p99", "haproxy", "most", 1.0),
    ("hop, plain", "ping-pong, 256 streams", "per s", "haproxy", "least", 1.0),
    ("hop, plain", "ping-pong, 256 streams", "p99", "haproxy", "most", 1.0),
    ("hop, TLS", "ping-pong, 16 streams", "per s", "haproxy", "least", 1.0),
    ("hop, TLS", "ping-pong, 16 streams", "p99", "haproxy", "most", 1.0),
    ("hop, TLS", "ping-pong, 256 streams", "per s", "haproxy", "least", 1.0),
    ("hop, TLS", "ping-pong, 256 streams", "p99", "haproxy", "most", 1.0),
    ("hop, plain", "visitors", "per s", "haproxy", "least", 1.0),
    ("hop, TLS", "visitors", "per s", "haproxy", "least", 0.8),
    ("idle, plain", "download, 8 streams", "Gbit/s", "beside 9,000 mappings", "most", 1.05),
    ("idle, plain", "download, 8 streams", "Gbit/s", "beside 9,000 agents", "most", 1.05),
    ("idle, plain", "ping-pong, 16 streams", "p50", "beside 9,000 mappings", "least", 0.95),
    ("idle, plain", "ping-pong, 16 streams", "p50", "beside 9,000 agents", "least", 0.95),
    ("idle, plain", "ping-pong, 16 streams", "p50", "beside 8 stalled visitors", "least", 0.95),
    ("tunnel, plain", "download, 8 streams", "Gbit/s", "rathole", "least", 1.3),
    ("tunnel, plain", "download, 8 streams", "Gbit/s", "frp", "least", 2.0),
    ("tunnel, plain", "download, 64 streams", "Gbit/s", "rathole", "least", 1.3),
    ("tunnel, plain", "download, 64 streams", "Gbit/s", "frp", "least", 2.0),
    ("tunnel, plain", "ping-pong, 16 streams", "per s", "rathole", "least", 1.15),
    ("tunnel, plain", "ping-pong, 256 streams", "per s", "rathole", "least", 1.15),
    ("tunnel, plain", "visitors", "per s", "rathole", "least", 1.6),
    ("tunnel, plain", "visitors", "per s", "frp", "least", 3.0),
    ("tunnel, encrypted", "visitors", "per s", "frp, TLS", "least", 3.0),
    ("front, encrypted", "visitors", "per s", "by name", "most", 1.05),
    ("line, 100 ms, visitors", "visitors, 1,000 at a time", "per s", "frp", "least", 2.5),
    ("line, 100 ms, bulk", "download, 1 stream", "Gbit/s", "direct", "least", 0.9),
]
# They leave the visitors' side plain, where Connector's is encrypted, too.
ENCRYPT_HALF = {"frp, TLS inside", "chisel", "ssh -R"}
# The same of figures that have no peer. A visitor at the end of a line takes its one round trip: 200 at a time, 2,000
# a second.
BOUNDS = [
    ("line, 100 ms, visitors", "visitors, 200 at a time", "per s", "least", 1800),
    ("line, 100 ms, visitors", "visitors, 200 at a time", "p50", "most", 110000),
    ("line, 100 ms, visitors", "visitors, 200 at a time", "p99", "most", 130000),
    ("line, 100 ms, visitors", "visitors, 1,000 at a time", "p50", "most", 130000),
    ("line, 100 ms, visitors, encrypted", "visitors, 200 at a time", "per s", "least", 1800),
    ("line, 100 ms, visitors, encrypted", "visitors, 200 at a time", "p50", "most", 110000),
    ("line, 100 ms, visitors, encrypted", "visitors, 200 at a time", "p99", "most", 130000),
    ("line, 10 ms, 200 Mbit/s", "ping-pong beside a download", "p50", "most", 30000),
]
# The same of facts: group, fact, how to name it, and the least or the most of it.
LIMITS = [
    ("capacity: 9,000 idle agents, plain", "bytes per idle agent", "most", 2048),
    ("capacity: 9,000 idle agents, TLS", "bytes per idle agent", "most", 16384),
    ("capacity: 9,000 mappings", "restart to /health, s", "most", 1.5),
    ("capacity: 9,000 mappings", "memory, MiB", "most", 64),
    ("capacity: 9,000 mappings", "idle CPU", "most", 0.01),
    ("capacity: 9,000 mappings", "adds/s, of SQLite's own commits/s", "least", 0.5),
    ("capacity: 100,000 mappings without ports", "bytes each, added", "most", 1536),
    ("capacity: 100,000 mappings without ports", "bytes each, restored", "most", 1536),
    ("capacity: 100,000 mappings without ports", "restart to /health, s", "most", 3),
    ("capacity: 100,000 mappings without ports", "adds/s at the end, of those at the beginning", "least", 0.9),
    ("capacity: 100,000 mappings without ports", "idle CPU", "most", 0.01),
]


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}, Linux {platform.release()}"


def main_figure(figures):
    return "Gbit/s" if "Gbit/s" in figures else "per s"


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown(row):
    """The names of the figures of a row."""
    figures = next(iter(row["programs"].values()))
    return [figure for figure in SHOWN[main_figure(figures)] if figure in figures]


def table(group, rows):
    """One group as a table of Markdown; in brackets what it is of the first program's, in the same round."""
    programs = list(dict.fromkeys(name for row in rows for name in row["programs"]))
    lines = [f"| {group} | | " + " | ".join(programs) + " |", "| --- | --- |" + " ---: |" * len(programs)]
    for row in rows:
        for index, figure in enumerate(shown(row)):
            cells = []
            for name in programs:
                figures = row["programs"].get(name)
                if figures is None:
                    cells.append("failed")
                    continue
                share = row["shares"][name].get(figure)
                share = f" ({share['median']:.2f})" if name != programs[0] and share else ""
                cells.append(number(figures[figure]) + share)
            lines.append(f"| {row['work'] if index == 0 else ''} | {TITLES.get(figure, figure)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def failures(rows):
    lines = []
    for row in rows:
        lines += [f"{row['group']}, {row['work']}: {name} failed: {error}" for name, error in row["errors"].items()]
        lines += [f"{row['group']}, {row['work']}: {name} broke {figures['failures']:.0f} connections"
                  for name, figures in row["programs"].items() if figures["failures"]]
    return lines


def verdict(text, value, bound, limit, spread=""):
    met = value >= limit if bound == "least" else value <= limit
    return f"| {text} | at {bound} {limit:g} | {value:.4g}{spread} | {'met' if met else 'MISSED'} |"


def share_verdict(row, figure, peer, bound, limit):
    """What Connector's figure is of the peer's, which is the inverse of what was measured."""
    share = row["shares"][peer].get(figure)
    if not share or not share["low"]:
        return f"| {row['group']}, {row['work']}: {peer} | | carried nothing | |"
    text = f"{row['group']}, {row['work']}: {TITLES.get(figure, figure)}, {peer}"
    return verdict(text, 1 / share["median"], bound, limit, f" ({1 / share['high']:.2f} to {1 / share['low']:.2f})")


def targets(results):
    """What was aimed at, and what came of it."""
    lines = ["| aim, Connector's share of the peer's | | median (quartiles) | |", "| --- | --- | ---: | --- |"]
    rows = [row for row in results["rows"] if "Connector" in row["programs"]]
    for group, work, figure, peer, bound, limit in TARGETS:
        lines += [share_verdict(row, figure, peer, bound, limit) for row in rows
                  if (row["group"], row["work"]) == (group, work) and peer in row["programs"]]
    for row in rows:
        if not row["group"].startswith("tunnel"):
            continue
        figure = main_figure(row["programs"]["Connector"])
        for peers in (row["programs"].keys() - ENCRYPT_HALF - {"Connector"}, row["programs"].keys() & ENCRYPT_HALF):
            if peers:
                best = max(sorted(peers), key=lambda name: row["programs"][name][figure])
                lines.append(share_verdict(row, figure, best, "least", 1.0))
    for group, work, figure, bound, limit in BOUNDS:
        text = f"{group}, {work}: {TITLES.get(figure, figure)}"
        lines += [verdict(text, row["programs"]["Connector"][figure], bound, limit)
                  for row in rows if (row["group"], row["work"]) == (group, work)]
    for group, fact, bound, limit in LIMITS:
        if fact in results["capacity"].get(group, {}):
            lines.append(verdict(f"{group}: {fact}", results["capacity"][group][fact], bound, limit))
    return "\n".join(lines)


def text(results):
    groups = list(dict.fromkeys(row["group"] for row in results["rows"]))
    parts = [f"{results['machine']}; medians of {results['rounds']} rounds of {results['seconds']:g} s "
             f"({2 * results['seconds']:g} s of bulk, longer over a line, and three times the rounds where idle ones are "
             "compared)"]
    parts += [table(group, [row for row in results["rows"] if row["group"] == group]) for group in groups]
    for name, facts in results["capacity"].items():
        parts.append(f"| {name} | |\n| --- | ---: |\n" +
                     "\n".join(f"| {key} | {number(value)} |" if value >= 1 else f"| {key} | {value:.2g} |"
                               for key, value in facts.items()))
    parts.append(targets(results))
    parts.append("\n".join(failures(results["rows"])))
    return "\n\n".join(filter(None, parts))


def draw(results, path):
    """Bars: for each work what each program reached of Connector's."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"
    matplotlib.rcParams["svg.hashsalt"] = "connector"
    import matplotlib.pyplot as plot

    groups = [group for group in dict.fromkeys(row["group"] for row in results["rows"]) if not group.startswith("idle")]
    figure, axes = plot.subplots(len(groups), 1, squeeze=False, figsize=(9, 0.5 + 3.1 * len(groups)))
    for axis, group in zip(axes[:, 0], groups):
        rows = [row for row in results["rows"] if row["group"] == group]
        names = list(dict.fromkeys(name for row in rows for name in row["programs"]))
        width = 0.8 / len(names)
        for index, name in enumerate(names):
            shares = []
            for row in rows:
                key = main_figure(next(iter(row["programs"].values())))
                shares.append(row["programs"].get(name, {}).get(key, 0) / row["programs"]["Connector"][key]
                              if "Connector" in row["programs"] else 0)
            axis.bar([i + index * width for i in range(len(rows))], shares, width, label=name)
        axis.set_title(f"{group}: throughput, Connector = 1", loc="left", fontsize=10)
        axis.set_xticks([i + 0.4 - width / 2 for i in range(len(rows))],
                        [row["work"].replace(", ", "\n") for row in rows], fontsize=7)
        axis.legend(fontsize=7, ncols=len(names))
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
