"""packaging/kubernetes: whether its manifests fit together, and its configurations are ones that the program takes.

usage: check_kubernetes.py PROGRAM SOURCES
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from manifests import Overlay  # noqa: E402  pylint: disable=C0413
from programs import Failed, expect  # noqa: E402  pylint: disable=C0413

STOP_SECONDS = 5  # which a stop takes at the most


def the_pod(overlay):
    return overlay.get("Deployment", "iofog-connector")["spec"]["template"]


def the_container(overlay):
    containers = the_pod(overlay)["spec"]["containers"]
    expect("how many containers a pod has", len(containers), 1)
    return containers[0]


def configuration_of(overlay):
    return json.loads(overlay.get("ConfigMap", "iofog-connector")["data"]["iofog-connector.config"])


def ports_of(configuration):
    """Those that mappings may have."""
    ports = set()
    for entry in configuration["ports"]:
        first, _, last = entry.partition("-")
        ports |= set(range(int(first), int(last or first) + 1))
    return ports - {int(port) for port in configuration["exclude"]}


def selectors_of(overlay):
    """Of all that is to be about the pods, which labels they must have."""
    for each in overlay.of("Service"):
        yield f"Service {each['metadata']['name']}", each["spec"]["selector"]
    for kind in ("Deployment", "PodDisruptionBudget"):
        for each in overlay.of(kind):
            yield kind, each["spec"]["selector"]["matchLabels"]
    for each in overlay.of("NetworkPolicy"):
        yield "NetworkPolicy", each["spec"]["podSelector"]["matchLabels"]
    affinity = the_pod(overlay)["spec"]["affinity"]["podAntiAffinity"]
    for term in affinity["requiredDuringSchedulingIgnoredDuringExecution"]:
        yield "podAntiAffinity", term["labelSelector"]["matchLabels"]


def check_selectors(overlay):
    labels = the_pod(overlay)["metadata"]["labels"].items()
    for what, selector in selectors_of(overlay):
        if not selector or not selector.items() <= labels:
            raise Failed(f"{what} selects {selector}, and the pods have the labels {dict(labels)}")


def check_ports(overlay, configuration):
    """That what is reached is what the configuration has."""
    api = configuration["api"]["port"]
    named = {port["name"]: port["containerPort"] for port in the_container(overlay)["ports"]}
    expect("the container's ports", named, {"api": api})
    pipes = ports_of(configuration)
    allowed = {api, configuration.get("metrics", {}).get("port", 0)} | pipes
    for service in overlay.of("Service"):
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            number = named[target] if target in named else int(target)
            if number not in allowed:
                raise Failed(f"Service {service['metadata']['name']} leads to {number}, where nothing listens")
            if number in pipes:
                expect("a pipe's port, which Connector tells others", port["port"], number)
        if service["spec"].get("type") == "LoadBalancer":
            reached = {port["port"] for port in service["spec"]["ports"]} & pipes
            expect(f"the ports of Service {service['metadata']['name']}", sorted(reached), sorted(pipes))
    for policy in overlay.of("NetworkPolicy"):
        check_policy(policy, allowed, configuration)


def check_policy(policy, listening, configuration):
    let_in = set()
    for rule in policy["spec"]["ingress"]:
        for port in rule["ports"]:
            let_in |= set(range(port["port"], port.get("endPort", port["port"]) + 1))
    expect("the ports that the NetworkPolicy lets in", sorted(let_in), sorted(listening - {0}))
    let_out = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    database = int(re.search(r":(\d+)/", configuration["database"]["url"])[1])
    expect("the ports that the NetworkPolicy lets out", let_out, {53, database})


def check_names(overlay, configuration):
    """That Controllers may call the API by its Service's names."""
    name = overlay.get("Service", "iofog-connector-api")["metadata"]["name"]
    namespace = overlay.of("Namespace")[0]["metadata"]["name"]
    expect("api.hosts", configuration["api"]["hosts"], [name, f"{name}.{namespace}.svc"])


def check_monitor(overlay, configuration):
    metrics = configuration["metrics"]["port"]
    for monitor in overlay.of("ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        services = [each for each in overlay.of("Service") if wanted <= each["metadata"].get("labels", {}).items()]
        expect("Services that the ServiceMonitor selects", len(services), 1)
        ports = {port["name"]: port["port"] for port in services[0]["spec"]["ports"]}
        for endpoint in monitor["spec"]["endpoints"]:
            expect("the port that metrics are at", ports.get(endpoint["port"]), metrics)


def secrets_in(text):
    """Those that the page has one create, with their keys."""
    secrets = {}
    for kind, name, options in re.findall(r"create secret (tls|generic) (\S+)(.*)", text.replace("\\\n", " ")):
        keys = {"tls.crt", "tls.key"} if kind == "tls" else set(re.findall(r"--from-file=([\w.-]+)=", options))
        secrets[name] = keys
    return secrets


def files_of(overlay, readme):
    """What the pod's folder of the configuration has, by name; None for what is a Secret's."""
    secrets = secrets_in(readme)
    files = {}
    volumes = {each["name"]: each for each in the_pod(overlay)["spec"]["volumes"]}
    mounted = {each["name"]: each["mountPath"] for each in the_container(overlay)["volumeMounts"]}
    expect("volumes, and what is mounted", sorted(volumes), sorted(mounted))
    expect("where the configuration is", mounted["configuration"], "/etc/iofog-connector")
    expect("where the state is", mounted["state"], "/var/lib/iofog-connector")
    for source in volumes["configuration"]["projected"]["sources"]:
        if "configMap" in source:
            files |= overlay.get("ConfigMap", source["configMap"]["name"])["data"]
        else:
            name, items = source["secret"]["name"], source["secret"]["items"]
            for item in items:
                if item["key"] not in secrets.get(name, ()):
                    raise Failed(f"nothing says to create the Secret {name} with {item['key']}")
                files[item["path"]] = None
    return files


def check_configuration(program, files):
    """Has the program check it, in a folder as the pod has it."""
    with tempfile.TemporaryDirectory(prefix="check-kubernetes-") as folder:
        path = pathlib.Path(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=connector.example.org", "-keyout", path / "server-key.pem",
                        "-out", path / "server-cert.pem"], check=True, capture_output=True)
        shutil.copy(path / "server-cert.pem", path / "database-ca.pem")
        (path / "database-password").write_text("a password\n", encoding="utf-8")
        expect("files that are Secrets'", sorted(name for name, text in files.items() if text is None),
               sorted(each.name for each in path.iterdir()))
        for name, text in files.items():
            if text is not None:
                (path / name).write_text(text, encoding="utf-8")
        run([program, "--check", f"--config={path / 'iofog-connector.config'}"])


def run(command):
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def check_container(overlay, program, sources):
    container, pod = the_container(overlay), the_pod(overlay)["spec"]
    version = re.search(r"project\(iofog-connector VERSION (\S+)", (sources / "CMakeLists.txt").read_text("utf-8"))[1]
    expect("the image", container["image"], f"localhost/iofog-connector:{version}")
    user = re.search(r"(?m)^u iofog-connector (\d+)",
                     (sources / "packaging/container/sysusers.d/iofog-connector.conf").read_text("utf-8"))[1]
    expect("the user", {pod["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")}, {int(user)})
    expect("what it may", container["securityContext"],
           {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
    sleep = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    if pod["terminationGracePeriodSeconds"] < sleep + STOP_SECONDS:
        raise Failed(f"terminationGracePeriodSeconds is too short for preStop ({sleep} s) and the stop")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        installed, command = container[probe]["exec"]["command"]
        expect(f"the program of {probe}", installed, "/usr/bin/iofog-connector")
        usage = f"usage: iofog-connector {command} "
        expect(f"what {probe} runs", run([program, command, "--help"])[: len(usage)], usage)


def check(program, sources, overlay):
    configuration = configuration_of(overlay)
    check_selectors(overlay)
    check_ports(overlay, configuration)
    check_names(overlay, configuration)
    check_container(overlay, program, sources)
    check_configuration(program, files_of(overlay, (sources / "packaging/kubernetes/README.md").read_text("utf-8")))


def main():
    program, sources = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    folder = sources / "packaging/kubernetes"
    host = Overlay(folder / "host")
    service = Overlay(folder / "service", [folder / "monitoring"])
    for overlay in host, service:
        check(program, sources, overlay)
    check_monitor(service, configuration_of(service))
    expect("Connectors behind one address", service.get("Deployment", "iofog-connector")["spec"]["replicas"], 1)
    there = {path for path in folder.rglob("*") if path.is_file() and path.name != "README.md"}
    expect("files that no overlay uses", sorted(map(str, there - host.files - service.files)), [])
    if shutil.which("kubectl"):  # as it is no package of Debian 12: its kubectl is too old
        for name in ("host", "service"):
            run(["kubectl", "kustomize", folder / name])


if __name__ == "__main__":
    main()
