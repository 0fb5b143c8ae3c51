"""The metrics of a server, and what doc/monitoring makes of them.

usage: check_monitoring.py PROGRAM SOURCES PROMETHEUS

PROGRAM is the server, SOURCES the folder with doc/, PROMETHEUS a folder that Debian's package was unpacked into, for
promtool; without it, the one on PATH is used.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from programs import Connector, Failed, expect  # noqa: E402  pylint: disable=C0413
from skipping import skip  # noqa: E402  pylint: disable=C0413

NAME = re.compile(r"\biofog_connector_\w+")
# A histogram's series.
PARTS = ("_bucket", "_sum", "_count")
# Of Grafana, in expressions.
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}
LABEL = 'till "3" \\ café'


def scrape(program):
    """What a server with TLS and a mapping of each type tells, with more mappings than are told of one by one."""
    private = {"type": "private", "maxconnectionsport1": 1, "maxconnectionsport2": 1,
               "heartbeatabsencethresholdport1": 0, "heartbeatabsencethresholdport2": 0}
    with Connector(program, tls=True, settings={"metrics": {"mappings": 2}}) as connector:
        connector.add(label=LABEL)
        for _ in range(2):
            connector.call("POST", "/api/v2/mapping/add", json.dumps(private))
        answer = connector.call("GET", "/metrics")
        expect("the status of /metrics", answer.status, 200)
        return answer.text.decode("utf-8")


def names_of(metrics):
    """Of each metric its type."""
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", metrics, re.MULTILINE))


def check_known(what, text, types):
    """That the server has all metrics that are used there."""
    for name in set(NAME.findall(text)):
        base = next((name[: -len(part)] for part in PARTS if name.endswith(part)), name)
        if name not in types and types.get(base) != "histogram":
            raise Failed(f"{what} uses {name}, which the server does not have")


def check_documented(text, types):
    """That the table of operations.md has each metric, and its type, and no other."""
    documented = dict(re.findall(r"^\| `(\w+)`[^|]*\| (counter|gauge|histogram) \|", text, re.MULTILINE))
    told = {name.removeprefix("iofog_connector_"): kind for name, kind in types.items()}
    differences = sorted(documented.items() ^ told.items())
    expect("what doc/operations.md and the server do not both say of metrics", differences, [])


def expressions_of(dashboard):
    """Of each panel with data its queries."""
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    expect("panels with the same id", len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
    for panel in panels:
        if not panel["targets"]:
            raise Failed(f"the panel {panel['title']} shows nothing")
    return [target["expr"] for panel in panels for target in panel["targets"]]


def run(command, data=None):
    ended = subprocess.run(command, input=data, capture_output=True, text=True, check=False)
    # promtool's complaints about metrics are no failure to it.
    if ended.returncode != 0 or ended.stderr.strip():
        raise Failed(f"{' '.join(map(str, command))}:\n{ended.stdout}{ended.stderr}")


def check_expressions(promtool, expressions):
    """That they are PromQL: as rules, for which promtool has a check."""
    for variable, value in VARIABLES.items():
        expressions = [expression.replace(variable, value) for expression in expressions]
    rules = [{"record": f"rule{number}", "expr": expression} for number, expression in enumerate(expressions)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        run([promtool, "check", "rules", file.name])


def main():
    program, sources, unpacked = sys.argv[1:]
    monitoring = pathlib.Path(sources, "doc/monitoring")
    metrics = scrape(program)
    types = names_of(metrics)
    check_documented(pathlib.Path(sources, "doc/operations.md").read_text(encoding="utf-8"), types)
    for file in monitoring.iterdir():
        check_known(file.name, file.read_text(encoding="utf-8"), types)
    expressions = expressions_of(json.loads((monitoring / "dashboard.json").read_text(encoding="utf-8")))

    promtool = shutil.which(str(pathlib.Path(unpacked, "usr/bin/promtool"))) or shutil.which("promtool")
    if not promtool:
        skip("the checks of metrics and alerts by Prometheus", "there is no promtool")
    run([promtool, "check", "metrics"], metrics)
    run([promtool, "check", "rules", monitoring / "alerts.yml"])
    run([promtool, "test", "rules", monitoring / "alerts_test.yml"])
    check_expressions(promtool, expressions)


if __name__ == "__main__":
    main()
