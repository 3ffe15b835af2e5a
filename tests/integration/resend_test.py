"""Results that come again under the same ids, under new ids and with a new time change nothing."""

import flow_traffic
import labrelay_process
from labrelay_process import LONG

SUBJECTS = 8
MESSAGES = -(-(3000 if LONG else 300) // flow_traffic.STORED)


class ResendTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.server = self.labrelay()
        self.server.start()
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(SUBJECTS))
        self.server.import_registry("subjects", registry)
        self.send("first")
        self.ledger = self.server.ledger()
        self.study = self.server.study_database()
        self.assertEqual(sum(row["stored"] for row in self.ledger), MESSAGES * flow_traffic.STORED)
        reported = [row for row in self.study["lab_result"] if row["derived_from"] is None]
        self.assertEqual(len(reported), MESSAGES * flow_traffic.STORED)

    def send(self, what, **changes):
        with self.server.connect() as connection:
            for number in range(MESSAGES):
                varied = {name: change(number) for name, change in changes.items()}
                message = flow_traffic.message(number, number % SUBJECTS + 1, **varied)
                answer = connection.exchange(message)
                self.assertEqual((answer.code, answer.control_id),
                                 ("AA", labrelay_process.control_id(message)), what)
        self.server.settle()

    def check_unchanged(self):
        """The study database row by row, and at most one note for each message; returns the notes."""
        study = self.server.study_database()
        for table, before in self.study.items():
            self.assertEqual(study[table], before, table)
        ledger = self.server.ledger()
        known = {row["message_id"]: row for row in ledger}
        for row in self.ledger:
            self.assertEqual(known.pop(row["message_id"]), row)
        notes = list(known.values())
        self.assertLessEqual(len(notes), MESSAGES)
        ids = [row["control_id"] for row in notes]
        self.assertEqual(len(ids), len(set(ids)), "more than one note for a message")
        for row in notes:
            self.assertEqual((row["stored"], row["held"]), (0, 0), row)
        return notes

    def test_under_the_same_ids(self):
        self.send("the same")
        for row in self.check_unchanged():
            self.assertEqual((row["state"], row["received"]), ("duplicate", 0), row)
        balance = self.server.run("ledger")
        self.assertIn(f"({MESSAGES} duplicates", balance)

    def test_under_the_same_ids_with_a_new_time(self):
        self.send("a new MSH-7", sent_at=lambda number: "20260101120000")
        for row in self.check_unchanged():
            self.assertEqual((row["state"], row["received"]), ("duplicate", 0), row)

    def test_under_new_ids(self):
        self.send("new ids", control_id=lambda number: f"NEW{number:08d}")
        for row in self.check_unchanged():
            self.assertEqual((row["state"], row["received"], row["ignored"]),
                             ("processed", flow_traffic.OBSERVATIONS, flow_traffic.OBSERVATIONS), row)


if __name__ == "__main__":
    labrelay_process.main()
