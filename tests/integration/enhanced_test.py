"""Enhanced mode at a real server: both acknowledgements, before and after a kill, byte for byte; and the
application acknowledgement on a connection of the source's own."""

import shutil
import socket
import sqlite3
import subprocess

import flow_traffic
import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE, Answer, field, frame

CONDITIONS = ["", "AL", "NE", "ER", "SU"]


def asking(number, accept, application, **varied):
    """The message with this number; the subject is always the first."""
    message = flow_traffic.message(number, 1, **varied)
    header, rest = message.split(b"\r", 1)
    if accept or application:
        header += f"|||{accept}|{application}".encode()
    return header + b"\r" + rest


def expected(accept, application):
    """What a message that is stored is told (docs/ack.md)."""
    if not accept and not application:
        return ["AA"]
    return ["CA"] * (accept in ("AL", "SU")) + ["AA"] * (application in ("AL", "SU"))


class EnhancedTest(labrelay_process.IntegrationTest):
    def begin(self, **options):
        server = self.labrelay(**options)
        server.start()
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(1))
        server.import_registry("subjects", registry)
        return server

    def answers(self, connection, message, count):
        connection.send(message)
        answers = [connection.answer() for _ in range(count)]
        self.assertNotIn(None, answers)
        return [answer.payload for answer in answers]

    def test_p39_every_pair(self):
        server = self.begin()
        number = 0
        with server.connect() as connection:
            for accept in CONDITIONS:
                for application in CONDITIONS:
                    number += 2
                    connection.send(asking(number, accept, application, control_id=f"E{number}"))
                    # The answer to this one ends what came for the other, however much that was.
                    connection.send(asking(number + 1, "", "", control_id=f"E{number + 1}"))
                    codes = []
                    while True:
                        answer = connection.answer()
                        self.assertIsNotNone(answer)
                        if answer.control_id == f"E{number + 1}".encode():
                            break
                        self.assertEqual(answer.control_id, f"E{number}".encode())
                        codes.append(answer.code)
                    self.assertEqual(codes, expected(accept, application), (accept, application))

    def test_send_shows_every_acknowledgement(self):
        """One line a message: both of enhanced mode, none where none is asked for, a batch's members."""
        server = self.begin()
        batch = (b"BHS|^~\\&|FACSLYRIC|QILU-FLOW\r" + asking(4, "", "") + asking(5, "", "") + b"BTS|2\r")
        for message, codes in [(asking(1, "AL", "AL"), "CA AA"), (asking(2, "NE", "NE"), "-"),
                               (asking(3, "AL", "NE"), "CA"), (batch, "AA AA")]:
            file = self.directory / "message.hl7"
            file.write_bytes(message)
            done = subprocess.run([server.binary, "send", str(file), "--port", str(server.mllp_port)],
                                  capture_output=True, timeout=PATIENCE)
            self.assertEqual((done.stdout.decode().split("\t")[1], done.returncode), (codes, 0), done.stderr)

    def test_p47_killed_before_the_resend(self):
        server = self.begin()
        first = asking(1, "AL", "AL")
        second = asking(2, "AL", "AL")
        with server.connect() as connection:
            told = self.answers(connection, first, 2)
            # Of the second only the acceptance is read before the end.
            accepted = self.answers(connection, second, 1)
            server.kill()
        server.start()
        with server.connect() as connection:
            self.assertEqual(self.answers(connection, first, 2), told)
            later = self.answers(connection, asking(1, "AL", "AL", sent_at="20260101120000"), 2)
            self.assertEqual(later, told, "a new MSH-7 is still the same message")
            again = self.answers(connection, second, 2)
            self.assertEqual(again[:1], accepted)
            self.assertEqual(Answer(again[1]).code, "AA")
        server.kill()
        server.start()
        with server.connect() as connection:
            self.assertEqual(self.answers(connection, second, 2), again)
        states = [row["state"] for row in server.ledger()]
        self.assertEqual(states.count("processed"), 2)
        self.assertEqual(states.count("duplicate"), 4)

    def test_p39_a_refusal_is_told_once(self):
        server = self.begin()
        with server.connect() as connection:
            message = asking(1, "AL", "AL").replace(b"ORU^R01^ORU_R01", b"MDM^T02")
            (rejected,) = self.answers(connection, message, 1)
            self.assertEqual(Answer(rejected).code, "CR")
            message = asking(1, "NE", "AL").replace(b"ORU^R01^ORU_R01", b"QBP^Q11^QBP_Q11")
            (rejected,) = self.answers(connection, message, 1)
            self.assertEqual(Answer(rejected).code, "AR")
            self.assertIn(b"|200^", rejected)
            message = asking(2, "YES", "")
            (refused,) = self.answers(connection, message, 1)
            self.assertEqual(Answer(refused).code, "CE")

    def test_p44_a_response_is_never_answered(self):
        server = self.begin()
        with server.connect() as connection:
            connection.send(b"MSH|^~\\&|FACSLYRIC|QILU-FLOW|||20260101||ACK^R01^ACK|1|P|2.5|||AL|AL\r"
                            b"MSA|AA|7\r")
            connection.send(asking(1, "", ""))
            self.assertEqual(connection.answer().code, "AA")

    def waiting_acks(self, server):
        store = sqlite3.connect(f"file:{server.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
        count = store.execute("SELECT count(*) FROM ack_outbox").fetchone()[0]
        store.close()
        return count

    def test_p39_the_application_acknowledgement_on_a_connection_of_its_own(self):
        mappings = self.directory / "mappings"
        shutil.copytree(MAPPINGS, mappings)
        source = mappings / "sources" / "facs-lyric.xml"
        source.write_text(source.read_text().replace("<source ", '<source reply="apart" ', 1))
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        server = self.begin(mappings=mappings, settings=[f"reply.facs-lyric=127.0.0.1:{port}"])
        with server.connect() as connection:
            (accepted,) = self.answers(connection, asking(1, "AL", "AL"), 1)
            self.assertEqual(Answer(accepted).code, "CA")
            # Original mode stays where it came from, so nothing else came for the first.
            self.assertEqual(connection.exchange(asking(2, "", "")).code, "AA")
        first = self.receive(listener, accept=False)
        self.assertEqual((first.code, first.control_id), ("AA", field(asking(1, "AL", "AL"), 10)))
        self.assertEqual(self.waiting_acks(server), 1)
        server.kill()
        self.hang_up(listener)
        server.start()
        self.assertEqual(self.receive(listener, accept=True).payload, first.payload)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.waiting_acks(server), 0)

    def hang_up(self, listener):
        """On what a killed server had begun: it tries again after a while, and nobody is there to be told yes."""
        listener.setblocking(False)
        try:
            while True:
                listener.accept()[0].close()
        except BlockingIOError:
            listener.settimeout(PATIENCE)

    def receive(self, listener, accept):
        """One acknowledgement on the reply connection; accepted, or left without a word."""
        peer, _ = listener.accept()
        peer.settimeout(PATIENCE)
        with peer:
            data = b""
            while b"\x1c\r" not in data:
                piece = peer.recv(65536)
                self.assertTrue(piece)
                data += piece
            payload = data.split(b"\x1c\r")[0].lstrip(b"\x0b")
            self.assertEqual(field(payload, 15), b"AL")
            if accept:
                peer.sendall(frame(b"MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|CA|" + field(payload, 10) + b"\r"))
            return Answer(payload)


if __name__ == "__main__":
    labrelay_process.main()
