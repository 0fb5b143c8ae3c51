"""The server that the page is shown by, and the page's files as they come over the wire."""

import contextlib
import http.client
import json
import re
import socket

from programs import DEADLINE, Failed, expect, receive

FILES = {"/": "text/html", "/connector.css": "text/css", "/connector.js": "text/javascript"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


class Api:
    """The server beside the page."""

    def __init__(self, connector):
        self.connector = connector
        self.url = f"http{'s' if connector.trust else ''}://127.0.0.1:{connector.api_port}/"

    def show(self, mapping_id):
        response = self.connector.call("GET", f"/api/v2/mapping/{mapping_id}")
        return json.loads(response.text) if response.status == 200 else None

    def ids(self):
        return [each["id"] for each in json.loads(self.connector.call("GET", "/api/v2/mapping").text)["mappings"]]

    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port), DEADLINE)
        if self.connector.trust:
            connection = self.connector.trust.wrap_socket(connection, server_hostname="127.0.0.1")
        return connection

    def agent(self, port, passcode):
        agent = self.connect(port)
        agent.sendall(passcode.encode())
        expect("the answer to the passcode", receive(agent, 10), b"AUTHORIZED")
        return agent

    def add_private(self, **more):
        wanted = {"type": "private", **{f"{key}port{side}": value for side in (1, 2) for key, value in
                                        (("maxconnections", 1), ("heartbeatabsencethreshold", 200000))}, **more}
        return json.loads(self.connector.call("POST", "/api/v2/mapping/add", json.dumps(wanted)).text)

    def get(self, path, method="GET", **headers):
        """The page's files, as a browser asks for them."""
        host = f"127.0.0.1:{self.connector.api_port}"
        if self.connector.trust:
            connection = http.client.HTTPSConnection(host, timeout=DEADLINE, context=self.connector.trust)
        else:
            connection = http.client.HTTPConnection(host, timeout=DEADLINE)
        with contextlib.closing(connection):
            connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
            response = connection.getresponse()
            response.text = response.read().decode()
            return response


def check_files(api):
    """Their headers, and who gets them; nobody needs a token for them."""
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    for path, media_type in FILES.items():
        answer = api.get(path)
        expect(f"the status of {path}", answer.status, 200)
        expect(f"the type of {path}", answer.headers["Content-Type"].split(";")[0], media_type)
        for name, value in (("Content-Security-Policy", POLICY), ("X-Content-Type-Options", "nosniff"),
                            ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-cache"),
                            ("Cross-Origin-Resource-Policy", "same-origin")):
            expect(f"{name} of {path}", answer.headers[name], value)
        head = api.get(path, "HEAD")
        expect(f"the length that HEAD tells of {path}", head.headers["Content-Length"], str(len(answer.text.encode())))
        known = api.get(path, If_None_Match=answer.headers["ETag"])
        expect(f"what a browser gets that has {path}", (known.status, known.text), (304, ""))
        expect(f"what a browser gets that has another {path}", api.get(path, If_None_Match='"x"').status, 200)
        expect(f"{path} by a link", api.get(path, **link).status, 200)
        for refused in ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "script"},
                        {**link, "Sec_Fetch_Dest": "iframe"}, {**link, "Origin": "http://evil.example"},
                        {"Host": "evil.example"}):
            expect(f"{path} with {refused}", api.get(path, **refused).status, 403)
    if re.search(r"\sstyle=|<style|<script(?! type=\"module\" src=)|\son\w+=", api.get("/").text):
        raise Failed("the page has scripts or styles within")
    expect("the API by a link", api.get("/api/v2/status", **link).status, 403)
