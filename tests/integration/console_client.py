"""A person at the console, by REST only: a cookie, the session's token, JSON."""

import http.client
import json

PATIENCE = 120.0


class Reply:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.text = body.decode(errors="replace")
        is_json = "json" in response.headers.get("Content-Type", "")
        self.json = json.loads(body) if is_json and body else None

    @property
    def code(self):
        """Of a refusal; empty where it is none."""
        return self.json.get("code", "") if self.status >= 400 and isinstance(self.json, dict) else ""


class Person:
    """Somebody with a browser; signed in after sign_in()."""

    def __init__(self, port):
        self.port = port
        self.cookie = ""
        self.csrf = ""

    def ask(self, method, path, body=None, headers=(), whole=True):
        """`whole` False: only how the answer begins, of what never ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = {"X-CSRF-Token": self.csrf} if method != "GET" and self.csrf else {}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if body is not None:
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers)
        try:
            connection.request(method, "/api/v1" + path, body=body, headers=sent)
            response = connection.getresponse()
            endless = not whole or "event-stream" in response.headers.get("Content-Type", "")
            return Reply(response, b"" if endless else response.read())
        finally:
            connection.close()

    def sign_in(self, name, password, code=None):
        body = {"name": name, "password": password} | ({"code": code} if code else {})
        reply = self.ask("POST", "/session", body)
        if reply.status == 200:
            self.cookie = reply.headers["Set-Cookie"].split(";")[0]
            self.csrf = reply.json["csrf"]
        return reply
