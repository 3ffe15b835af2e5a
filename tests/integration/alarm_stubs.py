"""A mail server, a webhook and a syslog, as a test needs them: each keeps what it was told, and can misbehave."""

import base64
import http.server
import queue
import socketserver
import ssl
import subprocess
import threading


def make_certificate(directory):
    """A CA that is its own server on 127.0.0.1 and localhost: (certificate, key)."""
    certificate, key = directory / "stub.pem", directory / "stub.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=stub", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Stub:
    """Runs a socketserver in a thread; `kept` gets what arrives."""

    def __init__(self, server):
        self.server = server
        self.server.stub = self
        self.port = server.server_address[1]
        self.kept = queue.Queue()
        self.faults = []  # taken one a request, oldest first
        self.thread = threading.Thread(target=server.serve_forever, daemon=True)
        self.thread.start()

    def fault(self):
        return self.faults.pop(0) if self.faults else None

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ThreadedServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class MailStub(Stub):
    """SMTP with STARTTLS (or TLS at once), and AUTH PLAIN behind it. kept: (sender, recipients, text, encrypted, user)."""

    def __init__(self, context, user, password, at_once=False):
        self.context, self.at_once = context, at_once
        self.login = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        super().__init__(ThreadedServer(("127.0.0.1", 0), MailHandler))


class MailHandler(socketserver.StreamRequestHandler):
    secure = None

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def encrypt(self):
        self.secure = self.server.stub.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.secure.makefile("rb"), self.secure.makefile("wb", 0)

    def finish(self):
        super().finish()
        if self.secure:
            self.secure.close()

    def handle(self):
        stub = self.server.stub
        fault = stub.fault()
        if stub.at_once:
            self.encrypt()
        if fault == "drop":
            return
        if fault == "busy":
            self.say("421 too busy")
            return
        self.say("220 stub")
        known, sender, recipients = False, None, []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            word, _, rest = line.partition(" ")
            word = word.upper()
            if word == "EHLO":
                self.say("250-stub")
                self.say("250 AUTH PLAIN" if self.secure else "250 STARTTLS")
            elif word == "STARTTLS":
                self.say("220 go on")
                self.encrypt()
            elif word == "AUTH":
                known = bool(self.secure) and rest == "PLAIN " + stub.login and fault != "login"
                self.say("235 welcome" if known else "535 no")
            elif word == "MAIL":
                sender = rest
                self.say("250 ok" if known else "530 log in first")
            elif word == "RCPT":
                recipients.append(rest)
                self.say("250 ok")
            elif word == "DATA":
                self.say("354 go on")
                text = b""
                while (piece := self.rfile.readline()) not in (b".\r\n", b""):
                    text += piece
                stub.kept.put((sender, recipients, text.decode(), bool(self.secure)))
                self.say("250 kept")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what?")


class WebhookStub(Stub):
    """kept: (signature, body). A fault is the status that is answered instead of 204."""

    def __init__(self, context=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WebhookHandler)
        server.daemon_threads = True
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        super().__init__(server)


class WebhookHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        stub = self.server.stub
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = stub.fault() or 204
        if status == 204:
            stub.kept.put((self.headers["X-Labrelay-Signature"], body))
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class SyslogStub(Stub):
    """UDP. kept: messages."""

    def __init__(self):
        super().__init__(socketserver.UDPServer(("127.0.0.1", 0), SyslogHandler))


class SyslogHandler(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.stub.kept.put(self.request[0].decode())
