#!/usr/bin/python3
"""Holds the server to doc/openapi.yaml.

    check_openapi.py IOFOG_CONNECTOR

Starts the program, calls every operation in every way that the document tells of, and checks status, headers
and body of each answer against the document. Fails also when the document is not sound in itself, and when an
operation, or a status that it documents, was never met.
"""

import contextlib
import http.client
import json
import pathlib
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

import jsonschema
import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "doc" / "openapi.yaml"
DEADLINE = 60  # seconds for anything to happen that must happen
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
# An error of the server itself can't be had by asking for it.
NOT_TO_BE_MET = {"500"}

PUBLIC = {"type": "public", "maxconnections": 60, "heartbeatabsencethreshold": 200000}
PRIVATE = {
    "type": "private",
    "maxconnectionsport1": 1,
    "maxconnectionsport2": 2,
    "heartbeatabsencethresholdport1": 0,
    "heartbeatabsencethresholdport2": 2147483647,
}
ADD = "/api/v2/mapping/add"
REMOVE = "/api/v2/mapping/remove"
MAPPINGS = "/api/v2/mapping"
STATUS = "/api/v2/status"
HEALTH = "/health"
METRICS = "/metrics"
SHOW = "/api/v2/mapping/{id}"
PASSCODE = "/api/v2/mapping/{id}/passcode"
CONNECTIONS = "/api/v2/mapping/{id}/connections"
EVENTS = "/api/v2/events"
CONNECTION = "/api/v2/mapping/{id}/connections/{n}"
ALPN = ["h2", "http/1.1"]
BOUNDS = {"visitorsperaddress": 20, "visitorrate": 10, "allow": ["192.0.2.0/24", "2001:db8::/32"],
          "deny": ["192.0.2.7/32"], "relayidle": 2147483647, "bandwidth": 1024}
OF_RELAYS = {"relayidle": 1, "bandwidth": 2**40, "logrelays": True}
UNBOUNDED = {"visitorsperaddress": 0, "visitorrate": 0, "allow": [], "deny": [], "relayidle": 0, "bandwidth": 0}
BAD_SETTINGS = [
    {"label": ""}, {"label": "x" * 65}, {"label": "a\n"}, {"label": 1},
    {"name": "web.shop"}, {"name": "Web"}, {"name": "x" * 64}, {"name": "-web"}, {"name": 1}, {"ports": 1},
    {"name": "5def8b1d-5c77-4ccb-9a20-5fade3eace06"}, {"ports": False}, {"ports": None},
    {"port1": 0}, {"port2": 65536}, {"port1": None}, {"port2": 1}, {"port1": "6000"},
    {"visitorsperaddress": 1000001}, {"visitorrate": -1}, {"visitorrate": 0.5},
    {"allow": "192.0.2.0/24"}, {"allow": ["192.0.2.1"]}, {"deny": ["192.0.2.1/24"]}, {"deny": ["x/8"]},
    {"allow": [f"10.0.{i // 256}.{i % 256}/32" for i in range(1001)]},
    {"logrelays": 1}, {"logrelays": "yes"},
    {"relayidle": 2**31}, {"relayidle": -1}, {"bandwidth": 1023}, {"bandwidth": 2**40 + 1},
]


class Failed(Exception):
    """The server or the document is not as it must be."""


def of_nobody(path):
    """A target that has this path, of a mapping that there is none of."""
    return path.replace("{id}", "nobody").replace("{n}", "1")


class Document:
    """doc/openapi.yaml, and what has been met of it."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = yaml.safe_load(file)
        self.resolver = jsonschema.RefResolver("", self.root)
        self.met = set()

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operations(self):
        for path, item in self.root["paths"].items():
            for method in item.keys() & {"get", "post", "put", "delete", "patch"}:
                yield path, method, item[method]

    def methods(self, path):
        return {method.upper() for other, method, _ in self.operations() if other == path}

    def validate(self, value, schema, what):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        if errors:
            raise Failed(f"{what}: {json.dumps(value)[:500]}\n  " + "\n  ".join(errors))

    def check_itself(self):
        """Every reference leads somewhere, every schema is one, and every example is of its schema."""
        if not self.root["openapi"].startswith("3.1."):
            raise Failed("the document is not of OpenAPI 3.1")
        self._check_node(self.root, "#")
        names = [operation["operationId"] for _, _, operation in self.operations()]
        if len(names) != len(set(names)):
            raise Failed("an operationId is used twice")
        for name, schema in self.root["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)
            if f"#/components/schemas/{name}" not in self._references:
                raise Failed(f"the schema {name} is used nowhere")

    _references = frozenset()

    def _check_node(self, node, where):
        if isinstance(node, list):
            for index, element in enumerate(node):
                self._check_node(element, f"{where}/{index}")
        if not isinstance(node, dict):
            return
        if "$ref" in node:
            self.resolve(node)
            self._references = self._references | {node["$ref"]}
        if "schema" in node:
            examples = [node["example"]] if "example" in node else []
            examples += [self.resolve(example)["value"] for example in node.get("examples", {}).values()]
            for example in examples:
                self.validate(example, node["schema"], f"the example at {where}")
        for key, value in node.items():
            if key not in ("example", "value"):
                self._check_node(value, f"{where}/{key}")

    def check_answer(self, path, method, answer):
        """The answer is one that the document has for this operation."""
        operation = self.root["paths"][path][method.lower()]
        status = str(answer.status)
        if status not in operation["responses"]:
            raise Failed(f"{method} {path} does not document {status}: {answer.text}")
        self.met.add((path, method.lower(), status))
        self.check_response(operation["responses"][status], answer, f"{method} {path} {status}")

    def check_response(self, response, answer, what):
        response = self.resolve(response)
        media_type = answer.headers.get("Content-Type", "").split(";")[0]
        if media_type not in response["content"]:
            raise Failed(f"{what}: Content-Type is {media_type!r}")
        for name, header in response.get("headers", {}).items():
            if answer.headers.get(name) is None:
                if header.get("required"):
                    raise Failed(f"{what}: the header {name} is missing")
                continue
            self.validate(answer.headers[name], header["schema"], f"{what}: {name}")
        value = answer.json() if media_type == JSON else answer.text
        self.validate(value, response["content"][media_type]["schema"], what)

    def check_all_met(self):
        """Every operation succeeded once, and every status of any operation was met with some operation."""
        for path, method, _ in self.operations():
            if (path, method, "200") not in self.met:
                raise Failed(f"{method.upper()} {path} was never answered 200")
        documented = {status for _, _, operation in self.operations() for status in operation["responses"]}
        never = documented - {status for _, _, status in self.met} - NOT_TO_BE_MET
        if never:
            raise Failed(f"documented, and never met: {', '.join(sorted(never))}")


class Answer:
    """What the server has answered."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8")

    def json(self):
        def refuse_duplicates(pairs):
            if len(dict(pairs)) != len(pairs):
                raise Failed(f"a key is there twice: {self.text}")
            return dict(pairs)

        return json.loads(self.text, object_pairs_hook=refuse_duplicates)

    def keys(self):
        return list(self.json())


def free_ports(count):
    """So many ports in a row that nobody listens on at this moment."""
    while True:
        first = random.randrange(20000, 32000)
        with contextlib.ExitStack() as sockets:
            try:
                for port in range(first, first + count):
                    sockets.enter_context(socket.socket()).bind(("127.0.0.1", port))
                return first
            except OSError:
                continue


class Server:
    """The program, running on free ports of this machine with a folder of its own."""

    MAPPING_PORTS = 7

    def __init__(self, program, document, api=None, limits=None, has_front=False):
        """has_front: in production mode, with a front at port + MAPPING_PORTS + 1."""
        self.document = document
        self._program = program
        self._folder = tempfile.TemporaryDirectory(prefix="check-openapi-")
        self._api = api or {}
        self._limits = limits or {}
        self._has_front = has_front

    def __enter__(self):
        # Somebody else may take the ports before the server does; then it ends at once.
        for _ in range(5):
            self._start()
            if self._is_ready():
                return self
            if self._process.poll() is None:
                break
        log = self._stop()
        raise Failed(f"the server does not start:\n{log}")

    def __exit__(self, *_):
        log = self._stop()
        if self._process.returncode != 0:
            raise Failed(f"the server ended with {self._process.returncode}:\n{log}")

    def _stop(self):
        """Whatever happens, nothing is left of the server. Returns its log."""
        if self._process.poll() is None:
            self.terminate()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        log = self._log()
        self._folder.cleanup()
        return log

    def _start(self):
        first = free_ports(self.MAPPING_PORTS + 2)
        folder = pathlib.Path(self._folder.name)
        self.port = first
        config = {
            "ports": [f"{first + 1}-{first + self.MAPPING_PORTS}"],
            "exclude": [],
            "broker": {},
            "address": "127.0.0.1",
            "dev": True,
            "api": {"bind": "127.0.0.1", "port": self.port, **self._api},
            "pipes": {"bind": "127.0.0.1"},
            "limits": self._limits,
            "database": str(folder / "mappings.db"),
            "log": {"level": "warning"},
        }
        if self._has_front:
            config |= self._front(folder)
        (folder / "config").write_text(json.dumps(config), encoding="utf-8")
        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [self._program, f"--config={folder / 'config'}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _front(self, folder):
        """What the configuration has in production mode."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)
        return {
            "dev": False,
            "tls": {"certificate": "cert.pem", "key": "key.pem"},
            "api": {"bind": "127.0.0.1", "port": self.port, "anonymous": True},
            "front": {"port": self.port + self.MAPPING_PORTS + 1, "domain": "fog.example.org", "http-port": 0},
        }

    def _is_ready(self):
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.request("GET", HEALTH).status == 200:
                    return True
            time.sleep(0.05)
        return False

    def _log(self):
        return (pathlib.Path(self._folder.name) / "log").read_text(encoding="utf-8", errors="replace")

    def terminate(self):
        self._process.terminate()

    def connect(self):
        if not self._has_front:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        context = ssl._create_unverified_context()  # the certificate is the server's own
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE, context=context)

    def request(self, method, target, body=None, media_type=None, headers=None):
        with contextlib.closing(self.connect()) as connection:
            fields = dict(headers or {})
            if media_type:
                fields["Content-Type"] = media_type
            connection.request(method, target, body=body, headers=fields)
            return Answer(connection.getresponse())

    def call(self, expected, path, method, *, target=None, **request):
        """Makes a request, and holds the answer to the document. path: as the document has it."""
        answer = self.request(method, target or path, **request)
        self.expect(expected, path, method, answer)
        return answer

    def expect(self, expected, path, method, answer):
        if answer.status != expected:
            raise Failed(f"{method} {path}: {answer.status} instead of {expected}: {answer.text}")
        self.document.check_answer(path, method, answer)

    def add(self, mapping):
        return self.call(200, ADD, "POST", body=json.dumps(mapping), media_type=JSON).json()

    def change(self, expected, mapping_id, body, media_type=JSON):
        target = f"{MAPPINGS}/{mapping_id}"
        return self.call(expected, SHOW, "PATCH", target=target, body=body, media_type=media_type)

    def change_passcode(self, expected, mapping_id, body="", media_type=JSON):
        target = f"{MAPPINGS}/{mapping_id}/passcode"
        return self.call(expected, PASSCODE, "POST", target=target, body=body, media_type=media_type)

    def remove(self, mapping_id):
        form = urllib.parse.urlencode({"mappingid": mapping_id})
        return self.call(200, REMOVE, "POST", body=form, media_type=FORM)


def check_adding_and_removing(server):
    for mapping in (PUBLIC, PRIVATE):
        text = json.dumps(mapping)
        ways = [
            (f"mapping={urllib.parse.quote(text)}", FORM),
            (f"mapping={text}", FORM),
            (text, FORM),
            (text, JSON),
            (f"mapping={urllib.parse.quote(text)}", f"{FORM}; charset=utf-8"),
            (f"mapping={urllib.parse.quote(text)}", None),
        ]
        for body, media_type in ways:
            added = server.call(200, ADD, "POST", body=body, media_type=media_type)
            if added.keys() != ["status", "id", "port1", "port2", "passcode1", "passcode2", "timestamp"]:
                raise Failed(f"the keys of an added mapping are {added.keys()}")
            if (added.json()["passcode2"] == "") != (mapping is PUBLIC):
                raise Failed(f"passcode2 is wrong: {added.text}")
            removed = server.remove(added.json()["id"])
            if removed.keys() != ["status", "id", "timestamp"]:
                raise Failed(f"the keys of a removed mapping are {removed.keys()}")

    mapping_id = server.add(PUBLIC)["id"]
    server.call(200, REMOVE, "POST", body=json.dumps({"mappingid": mapping_id}), media_type=JSON)
    server.call(404, REMOVE, "POST", body=f"mappingid={mapping_id}", media_type=FORM)


def check_bad_bodies(server):
    bad_mappings = [
        "",
        "null",
        "[]",
        "{",
        "{}",
        json.dumps({**PUBLIC, "type": "other"}),
        json.dumps({**PUBLIC, "maxconnections": 0}),
        json.dumps({**PUBLIC, "maxconnections": 10001}),
        json.dumps({**PUBLIC, "maxconnections": 1.5}),
        json.dumps({**PUBLIC, "maxconnections": "60"}),
        json.dumps({**PUBLIC, "maxconnections": None}),
        json.dumps({**PUBLIC, "heartbeatabsencethreshold": 2**31}),
        json.dumps({**PUBLIC, "heartbeatabsencethreshold": 2**64 + 1}),
        json.dumps({**PUBLIC, "alpn": "h2"}),
        json.dumps({**PUBLIC, "alpn": ["h2", "h2"]}),
        json.dumps({**PUBLIC, "alpn": [""]}),
        json.dumps({**PUBLIC, "alpn": ["x" * 256]}),
        json.dumps({**PUBLIC, "alpn": ["h 2"]}),
        json.dumps({**PUBLIC, "alpn": [str(number) for number in range(17)]}),
        json.dumps({**PUBLIC, "visitortls": 0}),
        json.dumps({**PUBLIC, "visitortls": False, "alpn": ALPN}),
        json.dumps({**PRIVATE, "alpn": ALPN}),
        json.dumps({**PRIVATE, "visitortls": True}),
        json.dumps({**PRIVATE, "visitorrate": 1}),
        *(json.dumps({**PUBLIC, **wrong}) for wrong in BAD_SETTINGS),
        json.dumps(PUBLIC)[:-1] + ',"type":"public"}',
        "[" * 1000 + "]" * 1000,
        '{"type":"\\u0000"}',
        '{"type":"\\ud800"}',
    ]
    for text in bad_mappings:
        server.call(400, ADD, "POST", body=text, media_type=JSON)
        server.call(400, ADD, "POST", body=f"mapping={urllib.parse.quote(text)}", media_type=FORM)
    bad_forms = ["%", "%zz", "%00", "%ff", "\xff", "1&mapping=1"]
    for body in [*(f"mapping={value}".encode("latin-1") for value in bad_forms), "a=b&mapping"]:
        server.call(400, ADD, "POST", body=body, media_type=FORM)
    for body in ["", *(f"mappingid={value}" for value in ("", "%00", "%ff", "a&mappingid=a", "x" * 257))]:
        server.call(400, REMOVE, "POST", body=body, media_type=FORM)
    for body in ("mappingid=", "mappingid=%00"):
        server.call(400, STATUS, "POST", body=body, media_type=FORM)


def check_listing(server):
    began = time.time()
    ids = sorted(server.add(mapping)["id"] for mapping in (PUBLIC, PRIVATE, PUBLIC))
    listed, after, pages = [], "", 0
    while after is not None:
        page = server.call(200, MAPPINGS, "GET", target=f"{MAPPINGS}?limit=2{after}").json()
        listed += [mapping["id"] for mapping in page["mappings"]]
        after = f"&after={page['next']}" if "next" in page else None
        pages += 1
    if listed != ids or pages != 2:
        raise Failed(f"{pages} pages list {listed} instead of {ids}")
    if "next" in server.call(200, MAPPINGS, "GET").json():
        raise Failed("the only page has a next one")
    for query in ("limit=0", "limit=1001", "limit=x", "limit=", "limit=1&limit=1", "after=", "after=%00", "limit=%"):
        server.call(400, MAPPINGS, "GET", target=f"{MAPPINGS}?{query}")

    for mapping_id in ids:
        shown = server.call(200, SHOW, "GET", target=f"{MAPPINGS}/{mapping_id}").json()
        wanted = PUBLIC if shown["type"] == "public" else PRIVATE
        if {key: shown[key] for key in wanted} != wanted:
            raise Failed(f"{shown} does not show {wanted} as it was asked for")
        if not int(began) <= shown["created"] / 1000 <= time.time():
            raise Failed(f"{shown} was not created just now")
        if shown["type"] == "public" and shown["url"] != f"http://127.0.0.1:{shown['port2']}":
            raise Failed(f"the URL of {shown} is wrong")
        check_status_of(server, mapping_id, shown["type"])
    server.call(404, SHOW, "GET", target=f"{MAPPINGS}/nobody")
    server.call(400, SHOW, "GET", target=f"{MAPPINGS}/%00")

    # Seven ports are three mappings.
    server.call(507, ADD, "POST", body=json.dumps(PUBLIC), media_type=JSON)
    check_status_of_all(server, mappings=3, ports=1)
    for mapping_id in ids:
        server.remove(mapping_id)
    check_status_of_all(server, mappings=0, ports=7)


def check_changing(server):
    mapping_id = server.add({**PUBLIC, "alpn": ALPN})["id"]
    target = f"{MAPPINGS}/{mapping_id}"
    for change in ({"alpn": ["h2"]}, {"alpn": []}, {"alpn": ALPN, "visitortls": True}, {"alpn": [], "visitortls": False}):
        changed = server.change(200, mapping_id, json.dumps(change)).json()
        if {key: changed[key] for key in change} != change:
            raise Failed(f"{change} has made {changed}")
        if changed != server.call(200, SHOW, "GET", target=target).json():
            raise Failed(f"PATCH answers {changed}, and GET does not")
    server.change(200, mapping_id, '{"visitortls":true}', media_type=None)
    for body in ("", "[]", "{}", '{"alpn":null}', '{"alpn":["h2","h2"]}', '{"visitortls":1}', '{"id":"x"}',
                 '{"alpn":["h2"],"visitortls":false}'):
        server.change(400, mapping_id, body)
    server.change(404, "nobody", '{"alpn":[]}')
    server.change(415, mapping_id, "alpn=h2", media_type=FORM)
    for wrong in BAD_SETTINGS:
        server.change(400, mapping_id, json.dumps(wrong))
    private_id = server.add(PRIVATE)["id"]
    for change in ({"alpn": []}, {"visitorrate": 1}, {"allow": None}):
        server.change(400, private_id, json.dumps(change))
    for changed_id, change in ((mapping_id, BOUNDS), (mapping_id, UNBOUNDED), (private_id, OF_RELAYS),
                               (mapping_id, {"label": "K\u00e4se \u2603"}), (private_id, {"label": "x" * 64})):
        changed = server.change(200, changed_id, json.dumps(change)).json()
        if {key: changed[key] for key in change} != change:
            raise Failed(f"{change} has made {changed}")
    unset = server.change(200, mapping_id, json.dumps({"label": None, **{key: None for key in BOUNDS}})).json()
    if {key: unset[key] for key in BOUNDS} != UNBOUNDED or unset["label"] != "":
        raise Failed(f"what is null is not the default: {unset}")
    for added in (mapping_id, private_id):
        server.remove(added)


def check_certain_ports(server):
    first, last = server.port + 1, server.port + server.MAPPING_PORTS
    taken = server.add({**PUBLIC, "port1": last, "port2": first, "label": "certain", **BOUNDS})
    if (taken["port1"], taken["port2"]) != (last, first):
        raise Failed(f"{taken} has other ports")
    refused = server.call(409, ADD, "POST", body=json.dumps({**PRIVATE, "port2": last}), media_type=JSON)
    other = server.add({**PRIVATE, "port1": first + 1, **OF_RELAYS})
    for answer in (refused, server.change(409, other["id"], json.dumps({"port1": first}))):
        if taken["id"] not in answer.json()["errormessage"]:
            raise Failed(f"who has the port is not told: {answer.text}")
    server.change(400, other["id"], json.dumps({"port1": last - 1, "port2": last - 1}))
    free = next(port for port in range(first + 2, last) if port != other["port2"])
    moved = server.change(200, other["id"], json.dumps({"port1": free})).json()
    if moved["port1"] != free:
        raise Failed(f"{moved} has not moved")
    for mapping_id in (taken["id"], other["id"]):
        server.remove(mapping_id)


def check_names(program, document):
    with Server(program, document, has_front=True) as server:
        front = server.port + server.MAPPING_PORTS + 1
        if server.call(200, STATUS, "GET").json()["front"] != {"port": front, "domain": "fog.example.org"}:
            raise Failed("the status does not tell of the front")
        named = server.add({**PUBLIC, "name": "web", "ports": False})
        private = server.add({**PRIVATE, "ports": False})
        for added in (named, private):
            if (added["port1"], added["port2"]) != (front, front):
                raise Failed(f"{added} has other ports than the front's")
            server.change(400, added["id"], json.dumps({"port1": server.port + 1}))
        taken = server.call(409, ADD, "POST", body=json.dumps({**PUBLIC, "name": "web"}), media_type=JSON)
        if named["id"] not in taken.json()["errormessage"]:
            raise Failed(f"who has the name is not told: {taken.text}")
        server.change(400, named["id"], json.dumps({"name": "www"}))
        for name, host in (("shop", "shop"), (None, named["id"])):
            changed = server.change(200, named["id"], json.dumps({"name": name})).json()
            if changed["url"] != f"https://{host}.fog.example.org:{front}":
                raise Failed(f"{changed} has another URL")
        page = server.call(200, MAPPINGS, "GET").json()["mappings"]
        if sorted(mapping["id"] for mapping in page) != sorted((named["id"], private["id"])):
            raise Failed(f"{page} are other mappings")


def check_changing_passcodes(server):
    public, private = server.add(PUBLIC), server.add(PRIVATE)
    ways = [
        (public, "", JSON, "passcode1", 0),
        (public, "", FORM, "passcode1", 0),
        (public, "", None, "passcode1", 0),
        (public, "{}", JSON, "passcode1", 0),
        (public, '{"side":"port1","overlap":600000}', JSON, "passcode1", 600000),
        (private, '{"side":"port1"}', JSON, "passcode1", 0),
        (private, '{"side":"port2","overlap":2147483647}', JSON, "passcode2", 2147483647),
    ]
    for mapping, body, media_type, key, overlap in ways:
        changed = server.change_passcode(200, mapping["id"], body, media_type)
        if changed.keys() != ["status", "id", key, "overlap", "timestamp"]:
            raise Failed(f"the keys of a changed passcode are {changed.keys()}")
        if changed.json()["overlap"] != overlap or changed.json()[key] == mapping[key]:
            raise Failed(f"{body} has made {changed.text}")
    for mapping, body in ((public, '{"side":"port2"}'), (private, ""), (private, "{}"), (public, "[]"), (public, "{"),
                          (public, '{"side":"port3"}'), (public, '{"side":null}'), (public, '{"overlap":-1}'),
                          (public, '{"overlap":2147483648}'), (public, '{"overlaps":1}'), (public, "overlap=1")):
        server.change_passcode(400, mapping["id"], body)
    server.change_passcode(400, "%00")
    server.change_passcode(404, "nobody")
    server.change_passcode(415, public["id"], "x", media_type="text/plain")
    for mapping in (public, private):
        server.remove(mapping["id"])


MOST_VISITORS = 8


def check_connections(server):
    mapping = server.add({**PUBLIC, "heartbeatabsencethreshold": 0})
    target = f"{MAPPINGS}/{mapping['id']}/connections"
    with contextlib.ExitStack() as sockets:
        def connect(port, said):
            peer = sockets.enter_context(socket.create_connection(("127.0.0.1", port), DEADLINE))
            peer.sendall(said)
            return peer

        for _ in range(MOST_VISITORS + 1):
            connect(mapping["port1"], mapping["passcode1"].encode()).recv(len("AUTHORIZED"), socket.MSG_WAITALL)
        connect(mapping["port1"], f"PIPE/2 {mapping['passcode1']}\n".encode()).recv(1)
        visitors = 0
        until = time.monotonic() + DEADLINE
        states = set()
        while states != {"waiting", "relay", "streams"} and time.monotonic() < until:
            listed = server.call(200, CONNECTIONS, "GET", target=target).json()
            states = {agent["state"] for agent in listed["agents"]}
            if "relay" not in states and visitors < MOST_VISITORS:  # the one before may be the PIPE/2 agent's
                connect(mapping["port2"], b"hello")
                visitors += 1
        for one in [*listed["agents"], *listed["visitors"]]:
            server.call(200, CONNECTION, "DELETE", target=f"{target}/{one['n']}")
            break
        if states != {"waiting", "relay", "streams"}:
            raise Failed(f"the agents are not as they are: {listed}")
    server.call(404, CONNECTION, "DELETE", target=f"{target}/{2**64 - 1}")
    for number in (2**64, "x", "-1", "1.0"):
        server.call(400, CONNECTION, "DELETE", target=f"{target}/{number}")
    server.remove(mapping["id"])
    for path, method in ((CONNECTIONS, "GET"), (CONNECTION, "DELETE")):
        server.call(404, path, method, target=of_nobody(path))


def check_events(server):
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", EVENTS)
        response = connection.getresponse()
        mapping_id = server.add(PUBLIC)["id"]
        answer = Events(response, mapping_id)
        server.expect(200, EVENTS, "GET", answer)
    last = re.search("^id: ([0-9]+)$", answer.text, re.MULTILINE).group(1)
    server.remove(mapping_id)
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", EVENTS, headers={"Last-Event-ID": last})
        if "event: mapping-closed" not in Events(connection.getresponse(), "mapping-closed").text:
            raise Failed("what has happened meanwhile is not told")
    for wrong in ("x", "-1", str(2**64)):
        server.call(400, EVENTS, "GET", headers={"Last-Event-ID": wrong})


class Events:
    """The beginning of a stream of events, up to the line in which this text stands."""

    def __init__(self, response, text):
        self.status = response.status
        self.headers = response.headers
        self.text = ""
        while text not in self.text:
            line = response.readline().decode("utf-8")
            if not line:
                raise Failed(f"the stream of events has ended: {self.text}")
            self.text += line

    def json(self):
        """What the document's schema is about."""
        return self.text


def check_ids(server):
    """Which texts are ids, wherever one is asked for."""
    schema = server.document.root["components"]["schemas"]["MappingId"]
    for mapping_id in ("x", "x" * 256, "\u00e9" * 128, "a b/c%d", "2AE8FF72-7447-47DE-A4EC-123EB214D63E", "all\u00df"):
        server.document.validate(mapping_id, schema, "an id")
        call_with_id(server, mapping_id, 404, listing=200)
    # A schema counts characters, the server bytes.
    call_with_id(server, "\u00e9" * 129, 400, listing=400)
    for mapping_id in ("", "x" * 257, "\0", "a\nb", "\x7f"):
        with contextlib.suppress(Failed):
            server.document.validate(mapping_id, schema, "no id")
            raise SystemExit(f"{DOCUMENT.name}: {mapping_id!r} is an id by its schema")
        call_with_id(server, mapping_id, 400, listing=400)


def call_with_id(server, mapping_id, expected, listing):
    quoted = urllib.parse.quote(mapping_id, safe="")
    form, text = urllib.parse.urlencode({"mappingid": mapping_id}), json.dumps({"mappingid": mapping_id})
    server.call(listing, MAPPINGS, "GET", target=f"{MAPPINGS}?after={quoted}")
    server.call(expected, STATUS, "GET", target=f"{STATUS}?mappingid={quoted}")
    for path in (STATUS, REMOVE):
        server.call(expected, path, "POST", body=form, media_type=FORM)
        server.call(expected, path, "POST", body=text, media_type=JSON)
    if mapping_id:
        server.call(expected, SHOW, "GET", target=f"{MAPPINGS}/{quoted}")
        server.change(expected, quoted, '{"alpn":[]}')


def check_what_browsers_send(server):
    own = f"127.0.0.1:{server.port}"
    foreign = [
        {"Host": "page.example"},
        {"Host": f"page.example:{server.port}", "Origin": f"http://page.example:{server.port}"},
        {"Host": own, "Origin": "http://page.example"},
        {"Host": own, "Origin": "null"},
        {"Host": own, "Sec-Fetch-Site": "cross-site"},
        {"Host": own, "Sec-Fetch-Site": "same-site"},
    ]
    for path, method, operation in server.document.operations():
        target = of_nobody(path)
        for headers in foreign:
            expected = 200 if operation.get("security") == [{}] else 403
            body = None if method == "get" else ""
            server.call(expected, path, method.upper(), target=target, body=body, headers=headers)
    own_page = ({"Host": own, "Origin": f"http://{own}"}, {"Host": own, "Sec-Fetch-Site": "same-origin"})
    for headers in ({"Host": "localhost"}, *own_page):
        server.call(200, STATUS, "GET", headers=headers)


def check_status_of(server, mapping_id, kind):
    sides = {"public": ("public", "private"), "private": ("private1", "private2")}[kind]
    answers = [
        server.call(200, STATUS, "GET", target=f"{STATUS}?mappingid={mapping_id}"),
        server.call(200, STATUS, "POST", body=f"mappingid={mapping_id}", media_type=FORM),
        server.call(200, STATUS, "POST", body=json.dumps({"mappingid": mapping_id}), media_type=JSON),
    ]
    for answer in answers:
        if answer.keys() != ["id", "timestamp", *sides] or answer.json()["id"] != mapping_id:
            raise Failed(f"the status of {mapping_id} is {answer.text}")


def check_status_of_all(server, mappings, ports):
    answers = [
        server.call(200, STATUS, "GET"),
        server.call(200, STATUS, "GET", target=f"{STATUS}?mappingid=all"),
        server.call(200, STATUS, "POST", body="mappingid=all", media_type=FORM),
        server.call(200, STATUS, "POST", body="", media_type=FORM),
    ]
    for answer in answers:
        status = answer.json()
        if (status["mappings"], status["availablePorts"]) != (mappings, ports):
            raise Failed(f"{mappings} mappings and {ports} free ports are {answer.text}")
    server.call(404, STATUS, "GET", target=f"{STATUS}?mappingid=nobody")
    server.call(404, STATUS, "POST", body="mappingid=nobody", media_type=FORM)


def check_what_every_operation_refuses(server):
    responses = server.document.root["components"]["responses"]
    for path, method, operation in server.document.operations():
        target = of_nobody(path)
        server.call(413, path, method.upper(), target=target, body="x" * 65537, media_type=FORM)
        if "415" in operation["responses"]:
            server.call(415, path, method.upper(), target=target, body="x", media_type="text/plain")

    for path in server.document.root["paths"]:
        allowed = server.document.methods(path)
        if path in (PASSCODE, CONNECTIONS, CONNECTION):  # an id may end like that
            allowed |= server.document.methods(SHOW)
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - allowed:
            answer = server.request(method, of_nobody(path), body="")
            what = f"{method} {path} {answer.status}"
            if answer.status != 405:
                raise Failed(f"{what} instead of 405")
            server.document.check_response(responses["MethodNotAllowed"], answer, what)
            named = set(re.split(", ", answer.headers["Allow"]))
            if named - {"HEAD"} != allowed:
                raise Failed(f"{what}: Allow is {named}, the document has {allowed}")
        if "GET" in allowed and path != EVENTS:  # which does not end
            check_head(server, of_nobody(path))

    for path in ("//", "/connector", "/api/v2", "/api/v2/mapping/", "/health/", "/%00", "/%ff"):
        answer = server.request("GET", path)
        if answer.status != 404:
            raise Failed(f"{path} is answered {answer.status}")
        server.document.check_response(responses["NotFound"], answer, f"GET {path} 404")


def check_head(server, target):
    get, head = server.request("GET", target), server.request("HEAD", target)
    if (head.status, head.headers["Content-Type"], head.text) != (get.status, get.headers["Content-Type"], ""):
        raise Failed(f"HEAD {target} is not GET without the body")


def check_malformed_requests(server):
    """Sent as they are, for no HTTP library would make them."""
    response = server.document.root["components"]["responses"]["BadRequest"]
    chunked = b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    requests = [
        chunked + b"0\r\nContent-Length: 1\r\n\r\n",
        chunked + b"0;a\nb\r\n\r\n",
        b"GET /api/v2/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\nContent-Length: 13\r\n\r\nmappingid=all",
        b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nmappingid=all",
        b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ]
    for request in requests:
        answer = exchange(server, request)
        if answer.status != 400:
            raise Failed(f"{request} is answered {answer.status}")
        server.document.check_response(response, answer, str(request))
    expecting = b"POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n"
    answer = exchange(server, expecting)
    if answer.status != 417:
        raise Failed(f"{expecting} is answered {answer.status}")
    server.document.check_response(response, answer, str(expecting))


def exchange(server, request, finish=True):
    """Sends these bytes, and nothing more."""
    with contextlib.closing(server.connect()) as connection:
        connection.connect()
        connection.sock.sendall(request)
        if finish:
            connection.sock.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        return Answer(response)


def check_identities(program, document):
    api = {"identities": [{"name": "elsewhere", "network": "192.0.2.0/24"}]}
    with Server(program, document, api=api) as server:
        for path, method, operation in document.operations():
            target = of_nobody(path)
            if operation.get("security") == [{}]:
                server.call(200, path, method.upper(), target=target)
                continue
            body = "x" if method in ("post", "patch") else None
            wrong = {"Authorization": "Bearer wrong"}
            server.call(403, path, method.upper(), target=target, body=body)
            server.call(401, path, method.upper(), target=target, body=body, headers=wrong)

    token = "0123456789abcdef"
    with Server(program, document, api={"identities": [{"name": "tester", "token": token}]}) as server:
        server.call(401, STATUS, "GET")
        server.call(200, STATUS, "GET", headers={"Authorization": f"Bearer {token}"})


def check_what_comes_too_late(program, document):
    with Server(program, document, limits={"request-time": 300}) as server:
        for path, method, _ in document.operations():
            target = of_nobody(path)
            head = f"{method.upper()} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
            server.expect(408, path, method.upper(), exchange(server, head.encode(), finish=False))


def check_what_comes_while_shutting_down(program, document):
    with Server(program, document) as server, contextlib.closing(server.connect()) as connection:
        connection.connect()
        head = f"POST {ADD} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
        connection.sock.sendall(head.encode())
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        if connection.sock.recv(len(go_on), socket.MSG_WAITALL) != go_on:
            raise Failed("a client that expects 100 Continue is not told so")
        # The server is reading the body now.
        server.terminate()
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        server.expect(503, ADD, "POST", Answer(response))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    document = Document(DOCUMENT)
    try:
        document.check_itself()
        with Server(program, document) as server:
            server.call(200, HEALTH, "GET")
            server.call(200, METRICS, "GET")
            check_status_of_all(server, mappings=0, ports=7)
            check_adding_and_removing(server)
            check_bad_bodies(server)
            check_listing(server)
            check_changing(server)
            check_certain_ports(server)
            check_changing_passcodes(server)
            check_connections(server)
            check_events(server)
            check_ids(server)
            check_what_browsers_send(server)
            check_what_every_operation_refuses(server)
            check_malformed_requests(server)
        check_names(program, document)
        check_identities(program, document)
        check_what_comes_too_late(program, document)
        check_what_comes_while_shutting_down(program, document)
        document.check_all_met()
    except Failed as failure:
        sys.exit(f"{DOCUMENT.name}: {failure}")
    print(f"{len(document.met)} pairs of operation and status are as {DOCUMENT.name} says")


if __name__ == "__main__":
    main()
