"""Every way into a running server: listeners, TLS, HTTP, a watched folder, an analyzer that is dialled.

Each ends in the same intake, so the same message is answered by the same acknowledgement and stored once,
whichever way it comes; what differs is how a source is recognised.
"""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import unittest
import urllib.request

import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
ALLOW_PLAIN = "patient data travels unencrypted on this network"


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                          timeout=PATIENCE).stdout.decode()


class Certificates:
    """A CA, a server for 127.0.0.1 and two clients, all signed by it."""

    def __init__(self, folder):
        self.folder = folder
        openssl("req", "-x509", *KEY, "-days", 2, "-subj", "/CN=ca", "-keyout", folder / "ca.key",
                "-out", folder / "ca.pem")
        for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("lab", "extendedKeyUsage=clientAuth"),
                                ("guest", "extendedKeyUsage=clientAuth")):
            (folder / "ext").write_text(extension)
            openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / "csr")
            openssl("x509", "-req", "-in", folder / "csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                    "-CAcreateserial", "-days", 2, "-extfile", folder / "ext", "-out", folder / f"{name}.pem")

    def file(self, name):
        return str(self.folder / name)

    def digest(self, name):
        """As openssl prints it, which is what the manual tells people to copy."""
        return openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", self.folder / f"{name}.pem"
                       ).strip().split("=")[1]

    def server_settings(self):
        return [f"tls.certificate={self.file('server.pem')}", f"tls.key={self.file('server.key')}",
                f"tls.ca={self.file('ca.pem')}"]

    def client(self, name):
        return ["--ca", self.file("ca.pem"), "--cert", self.file(f"{name}.pem"), "--key", self.file(f"{name}.key")]


class WaysInTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.mappings = self.directory / "mappings"
        shutil.copytree(MAPPINGS, self.mappings)
        message = labrelay_process.demo_messages()[0]
        self.control_id = labrelay_process.control_id(message).decode()
        self.application = labrelay_process.field(message, 3).decode()
        self.message = self.directory / "message.hl7"
        self.message.write_bytes(message)

    def serve(self, *settings):
        server = self.labrelay(mappings=self.mappings)
        server.start(*settings)
        return server

    def recognise(self, attribute):
        """Adds an attribute to every <recognise> of the message's source."""
        for file in (self.mappings / "sources").glob("*.xml"):
            text = file.read_text()
            if f'application="{self.application}"' in text:
                file.write_text(text.replace("<recognise ", f"<recognise {attribute} "))
                return
        self.fail(f"no source of {self.application}")

    def send(self, *way, file=None):
        """(MSA-1 or -, exit status) as `labrelay send` shows them."""
        done = subprocess.run([labrelay_process.Labrelay.binary, "send", str(file or self.message), *way],
                              capture_output=True, timeout=PATIENCE)
        line = done.stdout.decode().split("\t")
        if len(line) > 1:
            self.assertEqual(line[0], self.control_id)
        return (line[1] if len(line) > 1 else "-"), done.returncode

    def way(self, server, name):
        return next(way for way in server.ready["ways_in"] if way["name"] == name)

    def metric(self, server, name):
        url = f"http://127.0.0.1:{server.ready['http']['port']}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:
            text = response.read().decode()
        found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)
        self.assertTrue(found, f"{name} in\n{text}")
        return int(found.group(1))

    def states(self, server):
        return [line["state"] for line in server.ledger()]

    def test_p11_each_listener_has_its_own_sources_and_limits(self):
        port = self.port()
        self.recognise(f'port="{port}"')
        server = self.serve(f"listener.east.port={port}", "listener.east.max-connections-per-peer=1")
        self.assertEqual(self.way(server, "east"), {"kind": "mllp", "name": "east", "host": "127.0.0.1",
                                                    "port": port, "tls": False})
        self.assertEqual(self.send("--port", str(port)), ("AA", 0))
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AR", 1))
        # The sender has gone; its connection counts until the server has seen that.
        while self.metric(server, 'labrelay_mllp_connections_open{listener="east"}') > 0:
            self.assertIsNone(server.ended_within(0.02), server.diagnostics())
        with labrelay_process.MllpConnection(port) as first:
            self.assertEqual(first.exchange(self.message.read_bytes()).code, "AA")
            with labrelay_process.MllpConnection(port) as second:
                self.assertIsNone(second.answer())
        self.assertEqual(self.metric(server, 'labrelay_mllp_connections_refused_total{listener="east"}'), 1)
        self.assertEqual(self.metric(server, 'labrelay_mllp_connections_refused_total{listener="mllp"}'), 0)
        self.assertIn("connection-limit east: max_connections_per_peer", server.diagnostics())

    def test_a_plain_port_beyond_loopback_must_be_allowed_in_words(self):
        for setting in ("mllp", "http", "http_intake", "listener.east"):
            command = [labrelay_process.Labrelay.binary, "serve", "--data", str(self.directory / "none"),
                       "--mappings", str(self.mappings), "--set", "listener.east.port=0",
                       "--set", f"{setting}.host=0.0.0.0"]
            for words in ([], ["--set", f"{setting}.allow_plain=yes"]):
                done = subprocess.run(command + words, capture_output=True, timeout=PATIENCE)
                self.assertEqual(done.returncode, 2, setting)
                self.assertIn(f'{setting}.allow_plain to "{ALLOW_PLAIN}"', done.stderr.decode())
        server = self.serve("mllp.host=0.0.0.0", f"mllp.allow_plain={ALLOW_PLAIN}")
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AA", 0))

    def test_tls_and_a_certificate_that_is_bound_to_its_source(self):
        certificates = Certificates(self.directory)
        self.recognise(f'certificate="{certificates.digest("lab")}"')
        server = self.serve(*certificates.server_settings(), "listener.tls.port=0", "listener.tls.tls=yes",
                            "listener.tls.client-certificate=yes", "http-intake.tls=yes",
                            "http-intake.client-certificate=yes")
        port = str(self.way(server, "tls")["port"])
        https = f"https://127.0.0.1:{self.way(server, 'http_intake')['port']}/hl7"
        self.assertEqual(self.send("--tls", "--port", port, *certificates.client("lab")), ("AA", 0))
        self.assertEqual(self.send("--http", https, *certificates.client("lab")), ("AA", 0))
        self.assertEqual(self.send("--tls", "--port", port, *certificates.client("guest")), ("AR", 1))
        self.assertEqual(self.send("--http", https, *certificates.client("guest")), ("AR", 1))
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AR", 1))
        self.assertEqual(self.send("--tls", "--port", port, "--ca", certificates.file("ca.pem"))[1], 1)
        self.assertEqual(self.send("--tls", "--port", port, "--ca", certificates.file("nowhere.pem")), ("-", 2))
        self.assertEqual(self.states(server), ["held", "duplicate", "refused", "refused", "refused"])

    def test_http(self):
        server = self.serve()
        url = f"http://127.0.0.1:{self.way(server, 'http_intake')['port']}/hl7"
        self.assertEqual(self.send("--http", url), ("AA", 0))
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AA", 0))
        self.assertEqual(self.states(server), ["held", "duplicate"])
        self.assertEqual(self.metric(server, 'labrelay_http_requests_total{outcome="stored"}'), 1)

    def test_folder(self):
        inbox = self.directory / "inbox"
        server = self.serve(f"folder.inbox.path={inbox}", "folder.inbox.settle=1")
        self.assertEqual(self.way(server, "inbox"), {"kind": "folder", "name": "inbox", "path": str(inbox)})
        self.assertEqual(self.send("--folder", str(inbox)), ("AA", 0))
        self.assertEqual(self.states(server), ["held"])
        self.assertEqual(len(list((inbox / "done").glob("*.ack"))), 1)

    def test_a_file_in_work_when_the_server_was_killed_is_stored_once(self):
        inbox = self.directory / "inbox"
        setting = f"folder.inbox.path={inbox}"
        server = self.serve(setting)
        with server.connect() as connection:
            self.assertEqual(connection.exchange(self.message.read_bytes()).code, "AA")
        server.kill()
        # Committed, and the crash came before the file was put away.
        shutil.copy(self.message, inbox / "working" / "a.hl7")
        server.start(setting)
        ack = inbox / "done" / "a.hl7.ack"
        while not ack.exists():
            self.assertIsNone(server.ended_within(0.02), server.diagnostics())
        self.assertEqual(labrelay_process.Answer(ack.read_bytes()).code, "AA")
        self.assertEqual(self.states(server), ["held", "duplicate"])

    def test_an_analyzer_that_is_dialled(self):
        with socket.create_server(("127.0.0.1", 0)) as analyzer:
            analyzer.settimeout(PATIENCE)
            server = self.serve("dial.cobas.host=127.0.0.1", f"dial.cobas.port={analyzer.getsockname()[1]}")
            for state in ("held", "duplicate"):
                peer, _ = analyzer.accept()
                peer.settimeout(PATIENCE)
                with peer:
                    peer.sendall(labrelay_process.frame(self.message.read_bytes()))
                    answer = b""
                    while not answer.endswith(b"\x1c\r"):
                        piece = peer.recv(4096)
                        self.assertTrue(piece, server.diagnostics())
                        answer += piece
                self.assertEqual(labrelay_process.Answer(answer.strip(b"\x0b\x1c\r")).code, "AA")
                self.assertEqual(self.states(server)[-1], state)

    def test_an_unknown_source_is_held_where_the_intake_file_says_so(self):
        self.message.write_bytes(self.message.read_bytes().replace(self.application.encode(), b"NOBODY", 1))
        server = self.serve()
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AR", 1))
        server.stop()
        intake = self.mappings / "intake.xml"
        intake.write_text(intake.read_text().replace('"reject"', '"hold"'))
        server.start()
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AA", 0))
        line = server.ledger()[-1]
        self.assertEqual(line["state"], "held")
        self.assertGreater(line["received"], 0)
        self.assertEqual(line["received"], line["held"])

    def test_p38_sources_show_who_is_silent_and_whose_clock_is_off(self):
        server = self.serve()
        self.assertEqual(self.send("--port", str(server.mllp_port)), ("AA", 0))
        done = subprocess.run([labrelay_process.Labrelay.binary, "sources", "--json", "--data", str(server.data),
                               "--mappings", str(self.mappings)], capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1, done.stderr.decode())
        lines = {line["source"]: line for line in map(json.loads, done.stdout.decode().splitlines())}
        self.assertEqual(set(lines), {file.stem for file in (self.mappings / "sources").glob("*.xml")})
        heard = server.ledger()[0]["source"]
        self.assertEqual(lines[heard]["messages_today"], 1)
        self.assertIs(lines[heard]["clock_off"], True)  # the samples are years old
        self.assertLess(lines[heard]["clock_skew_seconds"], -24 * 3600)
        self.assertIsNotNone(lines[heard]["last_message"])
        silent = next(line for line in lines.values() if line["silent"])
        self.assertEqual((silent["last_message"], silent["messages_today"], silent["clock_off"]), (None, 0, False))
        self.assertEqual(self.metric(server, f'labrelay_source_silent{{source="{silent["source"]}"}}'), 1)
        self.assertEqual(self.metric(server, f'labrelay_source_silent{{source="{heard}"}}'), 0)


if __name__ == "__main__":
    labrelay_process.main()
