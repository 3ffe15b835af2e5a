"""`serve` is killed at random moments under load; what it acknowledged is there, once and whole.

Long form: LABRELAY_LONG=1. Another course of the same test: LABRELAY_SEED=<the printed seed>.
"""

import collections
import os
import random
import threading

import flow_traffic
import labrelay_process
from labrelay_process import LONG, PATIENCE

CONNECTIONS = 4
SUBJECTS = 8
KILLS = 20 if LONG else 3
IN_FLIGHT = 3  # messages that a sender has out before it waits for an answer


class Senders:
    """Senders on connections of their own that remember what they sent and what was acknowledged."""

    def __init__(self, draw):
        self.draw = draw
        self.changed = threading.Condition()
        self.sent = {}  # control id -> (number, message)
        self.acknowledged = set()
        self.wrong = []
        self.next_number = 1

    def next_message(self):
        with self.changed:
            number = self.next_number
            self.next_number += 1
            message = flow_traffic.message(number, number % SUBJECTS + 1)
            self.sent[labrelay_process.control_id(message)] = (number, message)
            return message

    def note(self, message, answer):
        with self.changed:
            control_id = labrelay_process.control_id(message)
            if answer.code == "AA" and answer.control_id == control_id:
                self.acknowledged.add(control_id)
            else:
                self.wrong.append((control_id, answer.payload))
            self.changed.notify_all()

    def send_until_cut_off(self, server, in_flight):
        waiting = collections.deque()
        try:
            with server.connect() as connection:
                while True:
                    while len(waiting) < in_flight:
                        message = self.next_message()
                        connection.send(message)
                        waiting.append(message)
                    answer = connection.answer()
                    if answer is None:
                        return
                    self.note(waiting.popleft(), answer)
        except ConnectionError:
            return

    def run(self, server, until_acknowledged, end, in_flight):
        """Sends on all connections; calls `end` once so many more were acknowledged."""
        with self.changed:
            goal = len(self.acknowledged) + until_acknowledged
        threads = [threading.Thread(target=self.send_until_cut_off,
                                    args=(server, self.draw.randint(1, in_flight)))
                   for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        with self.changed:
            reached = self.changed.wait_for(lambda: len(self.acknowledged) >= goal or self.wrong, PATIENCE)
        try:
            end()
        finally:
            for thread in threads:
                thread.join(PATIENCE)
        return reached


class KillTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("LABRELAY_SEED") or random.SystemRandom().randrange(1 << 32))
        print(f"LABRELAY_SEED={self.seed}", flush=True)
        self.draw = random.Random(self.seed)
        self.senders = Senders(self.draw)
        self.server = self.labrelay()
        self.server.start()
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(SUBJECTS))
        self.server.import_registry("subjects", registry)

    def load(self, end, in_flight=IN_FLIGHT):
        reached = self.senders.run(self.server, self.draw.randint(20, 120), end, in_flight)
        self.assertEqual(self.senders.wrong, [])
        self.assertTrue(reached, self.server.diagnostics())

    def kill_soon(self):
        """After up to 20 ms more of load, so that the kill meets every stage of the path."""
        self.assertIsNone(self.server.ended_within(self.draw.uniform(0, 0.02)))
        self.server.kill()

    def processed(self):
        """Control id -> ledger row, of the messages that are no duplicates; each id once."""
        rows = {}
        for row in self.server.ledger():
            if row["state"] == "duplicate":
                continue
            control_id = row["control_id"].encode()
            self.assertNotIn(control_id, rows, "twice in the ledger")
            rows[control_id] = row
        return rows

    def check_ledger(self):
        rows = self.processed()
        lost = self.senders.acknowledged - rows.keys()
        self.assertEqual(lost, set(), "acknowledged and not in the ledger")
        self.assertEqual(rows.keys() - self.senders.sent.keys(), set(), "never sent")
        for control_id, row in rows.items():
            self.assertEqual((row["state"], row["received"], row["stored"], row["held"], row["ignored"]),
                             ("processed", flow_traffic.OBSERVATIONS, flow_traffic.STORED, 0,
                              flow_traffic.OBSERVATIONS - flow_traffic.STORED), control_id)
        return rows

    def check_study(self, rows):
        """Every message of the ledger has each of its results in the study database once, and only those."""
        for table in ("lab_result", "lab_result_version"):
            found = collections.defaultdict(list)
            for row in self.server.study(table, "result_id"):
                found[row["lineage_id"]].append(row)
            expected = set()
            for control_id, row in rows.items():
                number, _ = self.senders.sent[control_id]
                lineages = [f"{row['message_id']}-{ordinal}" for ordinal in range(1, flow_traffic.STORED + 1)]
                derived = f"{lineages[3]}+{lineages[5]}"
                expected |= {*lineages, derived}
                for lineage in [*lineages, derived]:
                    self.assertEqual(len(found[lineage]), 1, f"{table} {control_id} {lineage}")
                cd4 = found[lineages[3]][0]
                self.assertEqual((cd4["analyte"], cd4["value_num"], cd4["specimen"]),
                                 ("CD4A", str(flow_traffic.cd4(number)), f"P9{number:08d}"), control_id)
            self.assertEqual({lineage for lineage, rows in found.items() if rows}, expected, table)

    def test_killed_at_random_moments(self):
        for _ in range(KILLS):
            self.load(self.kill_soon)
            self.server.start()
            self.check_ledger()
        self.server.settle()
        rows = self.check_ledger()
        self.check_study(rows)

        unanswered = [message for control_id, (_, message) in self.senders.sent.items()
                      if control_id not in self.senders.acknowledged]
        self.assertTrue(unanswered)
        with self.server.connect() as connection:
            for message in unanswered:
                self.senders.note(message, connection.exchange(message))
        self.server.settle()
        self.assertEqual(self.senders.wrong, [])
        rows = self.check_ledger()
        self.assertEqual(rows.keys(), self.senders.sent.keys())
        self.check_study(rows)
        print(f"{KILLS} kills, {len(rows)} messages, {len(unanswered)} of them sent again", flush=True)

    def test_terminated_in_flight(self):
        """SIGTERM: what was answered is in the ledger, and the process ends well."""
        statuses = []
        self.load(lambda: statuses.append(self.server.stop()))
        self.assertEqual(statuses, [0], self.server.diagnostics())
        self.check_ledger()
        self.server.start()
        self.server.settle()
        self.check_study(self.check_ledger())

    def test_terminated_with_nothing_unread(self):
        """Senders that wait for each answer: a stop answers all that it commits."""
        statuses = []
        self.load(lambda: statuses.append(self.server.stop()), in_flight=1)
        self.assertEqual(statuses, [0], self.server.diagnostics())
        self.assertEqual(self.check_ledger().keys(), self.senders.acknowledged)


if __name__ == "__main__":
    labrelay_process.main()
