"""Every sample and every golden case, cut into pieces of any size, gets the same answers.

How the pieces arrive is the network's choice; that the framer does not depend on it at all is shown for the
same files by tests/unit/hl7/samples_framing_test.cpp.
"""

import threading

import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE, SAMPLES

PIECES = (1, 2, 3, 7, 1000)


def golden_messages():
    return [file.read_bytes() for file in sorted(MAPPINGS.rglob("*.hl7"))]


def send(connection, stream, piece):
    for begin in range(0, len(stream), piece or len(stream)):
        connection.send_bytes(stream[begin:begin + (piece or len(stream))])
    connection.finish()


class PiecesTest(labrelay_process.IntegrationTest):
    def answers(self, piece):
        """The answers to all messages, less what is new in each answer, and the balance sheet."""
        server = self.labrelay(f"data-{piece}")
        server.start()
        for kind, file in labrelay_process.demo_plan():
            if kind != "send":
                server.import_registry(kind, file)
        stream = b"".join(map(labrelay_process.frame, [*labrelay_process.demo_messages(), *golden_messages()]))
        answers = []
        with server.connect() as connection:
            # Read while it is sent: a server gives a peer that takes no answers a few seconds only.
            sender = threading.Thread(target=send, args=(connection, stream, piece))
            sender.start()
            while (answer := connection.answer()) is not None:
                answers.append(answer.without_own_identity())
            sender.join(PATIENCE)
        self.assertEqual(server.stop(), 0)
        return answers, [(row["source"], row["control_id"], row["state"], row["rule"])
                         for row in server.ledger()]

    def test_pieces(self):
        whole_answers, whole_ledger = self.answers(None)
        self.assertGreater(len(whole_answers), len(list((SAMPLES / "messages").iterdir())))
        for piece in PIECES:
            with self.subTest(piece=piece):
                answers, ledger = self.answers(piece)
                self.assertEqual(answers, whole_answers)
                self.assertEqual(ledger, whole_ledger)


if __name__ == "__main__":
    labrelay_process.main()
