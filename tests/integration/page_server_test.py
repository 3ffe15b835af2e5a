"""The page's server as `labrelay serve` starts it: TLS with a certificate made here, the commands that speak to it,
and what it says of the connections and answers of a source."""

import http.client
import json
import ssl
import subprocess

import labrelay_process
from labrelay_process import PATIENCE

PASSWORD = "correct horse 12 staples"


class PageServerTest(labrelay_process.IntegrationTest):
    def certificate(self, name):
        """A certificate for 127.0.0.1 that signs itself, and its key."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        return certificate, key

    def ask(self, server, method, path, body=None, headers=(), trusted=None):
        port = server.ready["http"]["port"]
        if trusted is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE,
                                                     context=ssl.create_default_context(cafile=trusted))
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body),
                               headers=dict(headers))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def by_command(self, server, path):
        address = json.loads((server.data / "server.json").read_text())
        answer, body = self.ask(server, "GET", "/api/v1" + path,
                                headers={"Authorization": "Bearer " + address["token"]})
        self.assertEqual(answer.status, 200, body[:300])
        return json.loads(body)

    def test_page_and_commands_over_tls(self):
        certificate, key = self.certificate("page")
        server = self.labrelay(settings=["http.tls=yes", f"http.certificate={certificate}", f"http.key={key}"])
        server.start()
        self.assertTrue(server.ready["http"]["tls"])
        password = self.directory / "password"
        password.write_text(PASSWORD)
        # These go through the running server: over TLS, to the certificate that it wrote down.
        server.run("user", "add", "ada", "--role", "administrator", "--training", "2026-01-12 SOP-7",
                   "--password-file", str(password))
        subjects = next(file for kind, file in labrelay_process.demo_plan() if kind == "subjects")
        self.assertIn("new", server.import_registry("subjects", subjects))
        answer, _ = self.ask(server, "GET", "/healthz", trusted=certificate)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader("Strict-Transport-Security"), "max-age=31536000")
        answer, body = self.ask(server, "POST", "/api/v1/session", {"name": "ada", "password": PASSWORD},
                                trusted=certificate)
        self.assertEqual(answer.status, 200, body)
        self.assertIn("; Secure", answer.getheader("Set-Cookie"))
        with self.assertRaises((http.client.BadStatusLine, ConnectionError)):
            self.ask(server, "GET", "/healthz")
        other, _ = self.certificate("other")
        with self.assertRaises(ssl.SSLError):
            self.ask(server, "GET", "/healthz", trusted=other)
        self.assertEqual(server.stop(), 0)

    def test_behind_a_proxy_cookies_are_secure_by_setting(self):
        server = self.labrelay(settings=["console.secure_cookie=yes"])
        server.start()
        password = self.directory / "password"
        password.write_text(PASSWORD)
        server.run("user", "add", "ada", "--role", "administrator", "--training", "2026-01-12 SOP-7",
                   "--password-file", str(password))
        answer, _ = self.ask(server, "POST", "/api/v1/session", {"name": "ada", "password": PASSWORD})
        self.assertEqual(answer.status, 200)
        self.assertIn("; Secure", answer.getheader("Set-Cookie"))
        self.assertTrue(answer.getheader("Strict-Transport-Security"))

    def test_a_source_shows_its_connections_and_how_long_answers_took(self):
        server = self.labrelay()
        server.start()
        message = next(file for kind, file in labrelay_process.demo_plan() if kind == "send").read_bytes()
        with server.connect() as connection:
            # The second is answered after the first was counted.
            for _ in range(2):
                self.assertEqual(connection.exchange(message).code, "AA")
            traffic = self.by_command(server, "/traffic")
            self.assertEqual(traffic["node"], {"id": "0", "shared": False})
            source = next(row for row in traffic["sources"] if row["ack_answers_24h"])
            self.assertLessEqual(source["ack_p50_ms"], source["ack_p99_ms"])
            one = self.by_command(server, f"/sources/{source['id']}")
            self.assertEqual(len(one["connections"]), 1)
            open_one = one["connections"][0]
            self.assertEqual(open_one["peer"], "{}:{}".format(*connection.socket.getsockname()))
            self.assertEqual((open_one["way"], open_one["tls"], open_one["certificate"]), ("mllp", False, None))
            self.assertGreaterEqual(open_one["messages"], 1)
            _, metrics = self.ask(server, "GET", "/metrics")
            self.assertIn(f'labrelay_source_connections_open{{source="{source["id"]}"}} 1', metrics.decode())
            self.assertIn(f'labrelay_source_ack_seconds_count{{source="{source["id"]}"}}', metrics.decode())
        self.assertIn("labrelay_audit_whole 1", self.audit_metric(server))

    def audit_metric(self, server):
        """The check after the start is a page of rows: it is soon over."""
        while True:
            _, metrics = self.ask(server, "GET", "/metrics")
            if b"labrelay_audit_whole" in metrics:
                return metrics.decode()
            if server.ended_within(0.05) is not None:
                raise labrelay_process.Died(server.diagnostics())


if __name__ == "__main__":
    labrelay_process.main()
