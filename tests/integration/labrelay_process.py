"""A `labrelay serve` of one's own, and an MLLP client that knows nothing of labrelay's code.

Every test gives the binary as its first argument. Waiting is always for an event: a line, a frame, the end
of a process; where only a condition can be looked at, the pause between two looks is a wait for the
server's death, so that a server that died ends the test at once. kPatience bounds them all.
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PATIENCE = 120.0
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = SOURCE / "samples" / "demo"
MAPPINGS = SOURCE / "mappings"
LONG = os.environ.get("LABRELAY_LONG") == "1"


class Died(AssertionError):
    """The server ended although nobody asked it to."""


class Labrelay:
    """One data directory and the server that may run on it."""

    binary = None  # set by main()

    def __init__(self, data, mappings=MAPPINGS, settings=()):
        self.data = pathlib.Path(data)
        self.mappings = pathlib.Path(mappings)
        self.settings = list(settings)
        self.process = None
        self.mllp_port = None
        self.ready = None  # what serve printed: the addresses in use
        self.log = self.data.parent / (self.data.name + ".stderr")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self, *settings):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        command = [self.binary, "serve", "--data", str(self.data), "--mappings", str(self.mappings)]
        for setting in ["mllp.port=0", "http.port=0", *self.settings, *settings]:
            command += ["--set", setting]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            self.kill()
            raise Died("serve did not become ready:\n" + self.diagnostics())
        self.ready = json.loads(line)
        self.mllp_port = self.ready["mllp"]["port"]
        return self

    def stop(self):
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE)
        self.forget()
        return status

    def ended_within(self, seconds):
        """The exit status where the server ended by itself; None where it runs after that time."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)
            self.forget()

    def forget(self):
        self.process.stdout.close()
        self.process = None

    def diagnostics(self):
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def run(self, *arguments):
        """Another command on the same data directory; fails unless its exit status is 0."""
        done = subprocess.run([self.binary, *arguments, "--data", str(self.data)],
                              capture_output=True, timeout=PATIENCE)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: exit status {done.returncode}\n"
                                 + done.stderr.decode(errors="replace"))
        return done.stdout.decode()

    def import_registry(self, kind, file):
        return self.run(kind, "import", str(file), "--mappings", str(self.mappings))

    def ledger(self):
        """The ledger's messages, in the order of their ids."""
        return [json.loads(line) for line in self.run("ledger", "--messages", "--json").splitlines()]

    def connect(self):
        return MllpConnection(self.mllp_port)

    def settle(self, delivered=True, grouped=False):
        """Until nothing is to be placed again and, with `delivered`, nothing waits for the target; with `grouped`
        also until every hold and notice has its problem, which the server sees to on the side.

        All are read in one snapshot of the store: a placing that ends between two looks would leave
        deliveries that neither of them saw.
        """
        limit = time.monotonic() + PATIENCE
        outbox = "SELECT count(*) FROM outbox WHERE state <> 'delivered'" if delivered else "SELECT 0"
        pending = ("SELECT (SELECT count(*) FROM hold WHERE pending IS NOT NULL) + "
                   "(SELECT count(*) FROM notice WHERE problem_id IS NULL)") if grouped else "SELECT 0"
        while True:
            store = sqlite3.connect(f"file:{self.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
            waiting = store.execute(
                f"SELECT (SELECT count(*) FROM job WHERE done_us IS NULL), ({outbox}), ({pending})").fetchone()
            store.close()
            if waiting == (0, 0, 0):
                return
            if time.monotonic() > limit:
                raise AssertionError(f"still waiting: (jobs, deliveries, not grouped) {waiting}\n" + self.diagnostics())
            if self.ended_within(0.02) is not None:
                raise Died(self.diagnostics())

    def study(self, table, order):
        """All rows of a table of the study database, as dictionaries."""
        database = sqlite3.connect(f"file:{self.data / 'study.db'}?mode=ro", uri=True, timeout=PATIENCE)
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY {order}")]
        database.close()
        return rows

    def study_database(self):
        return {"lab_result": self.study("lab_result", "result_id"),
                "lab_result_version": self.study("lab_result_version", "result_id, lineage_id")}


def frame(message):
    return b"\x0b" + message + b"\x1c\r"


class MllpConnection:
    """A plain socket that cuts the answers out of what comes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    @classmethod
    def over(cls, plain):
        """On a socket that is connected already and may have said something."""
        connection = cls.__new__(cls)
        connection.socket = plain
        connection.buffer = b""
        return connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, message):
        self.send_bytes(frame(message))

    def finish(self):
        """Says that nothing more is sent; answers still come."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self):
        """The next answer; None where the server closed instead."""
        while b"\x1c\r" not in self.buffer:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.buffer += piece
        answer, self.buffer = self.buffer.split(b"\x1c\r", 1)
        return Answer(answer.lstrip(b"\x0b"))

    def exchange(self, message):
        self.send(message)
        return self.answer()


class Answer:
    """What a sender looks at in an acknowledgement."""

    def __init__(self, payload):
        self.payload = payload
        segments = {}
        for line in payload.replace(b"\n", b"\r").split(b"\r"):
            segments.setdefault(line[:3], line)
        separator = segments.get(b"MSH", b"MSH|")[3:4]
        msa = segments.get(b"MSA", b"").split(separator)
        self.code = msa[1].decode() if len(msa) > 1 else ""
        self.control_id = msa[2] if len(msa) > 2 else b""

    def without_own_identity(self):
        """The answer less what is new in each: its times (MSH-7, FHS-7, BHS-7) and its control ids
        (MSH-10, FHS-11, BHS-11)."""
        return b"\r".join(map(_without_time_and_id, self.payload.split(b"\r")))


def _without_time_and_id(segment):
    identity = {b"MSH": 9, b"FHS": 10, b"BHS": 10}.get(segment[:3])
    if identity is None:
        return segment
    separator = segment[3:4]
    fields = segment.split(separator)
    for index in (6, identity):
        if index < len(fields):
            fields[index] = b""
    return separator.join(fields)


def field(message, number):
    """MSH-`number` of a message, as sent."""
    separator = message[3:4]
    header = message.replace(b"\n", b"\r").split(b"\r")[0].split(separator)
    return header[number - 1] if len(header) >= number else b""


def control_id(message):
    return field(message, 10)


def demo_plan():
    """The steps of the samples: (kind, file), kind one of subjects, specimens, send."""
    for line in (SAMPLES / "plan.csv").read_text().splitlines()[1:]:
        _, kind, file = line.split(",")
        yield kind, SAMPLES / file


def demo_messages():
    return [file.read_bytes() for kind, file in demo_plan() if kind == "send"]


def stands_in(mark, text):
    """Whether the mark is told in the text.

    A number must stand by itself: in the fraction of a second or in a digest its digits come up by chance.
    """
    if mark.isalpha():
        return mark in text
    return re.search(rf"(?<![0-9A-Fa-f]){re.escape(mark)}(?![0-9A-Fa-f])", text) is not None


class IntegrationTest(unittest.TestCase):
    """Gives each test a directory of its own, which stays when the test fails."""

    longMessage = True

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="labrelay-"))
        self.addCleanup(self.clean)

    def clean(self):
        outcome = self._outcome.result
        failed = [test for test, _ in outcome.failures + outcome.errors if test is self]
        if failed:
            print(f"kept for a look: {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory)

    def port(self):
        """A port that is known before it is listened on, and stays this test's until its end.

        While nobody listens on it, as before a server's start and after its kill, another process could be given
        it. A socket that is bound and does not listen keeps it: the kernel hands the port to nobody who asks for
        any, and whoever names it and lets addresses be reused, as servers do, listens on it all the same.
        """
        holder = socket.socket()
        self.addCleanup(holder.close)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]

    def labrelay(self, name="data", **options):
        server = Labrelay(self.directory / name, **options)
        self.addCleanup(server.kill)
        return server


def main():
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} LABRELAY [TEST…]")
    Labrelay.binary = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
