"""The samples in any order of arrival give the same study database, also where the registry comes late.

The target is paused until the end. Long form: LABRELAY_LONG=1.
One course again: LABRELAY_SEED=<a printed seed>.
"""

import csv
import json
import os
import random
import shutil

import labrelay_process
from labrelay_process import LONG, SAMPLES

SHUFFLES = 10 if LONG else 2

# They tell of the arrival: when and in which message a result came, how many versions and placements it
# has seen on the way, and why the last one changed.
ARRIVAL = {"received_at", "lineage_id", "version", "placement_version", "reason"}


# Where a result is sent twice, saying the same at two times, the one that came first is the version and the
# other is `ignored: repeat-of` (src/study/versions.md, order of arrival, 3): its reported_at is one of both.
REPEATED = "of one of the repeats"


def repeats(messages):
    """The messages that repeat results of an earlier one under another time, by the samples' truth."""
    with open(SAMPLES / "truth.csv", newline="", encoding="utf-8") as truth:
        ids = {row["control_id"].encode() for row in csv.DictReader(truth) if row["reason"] == "repeat-of"}
    return [message for message in messages if labrelay_process.control_id(message) in ids]


class Comparison:
    """Rows of the study database as text, less what may depend on the order of arrival."""

    def __init__(self, messages, two_finals):
        self.messages = messages
        self.repeats = repeats(messages)
        self.two_finals = two_finals

    def reported_at(self, row):
        specimen = row["specimen"].encode()
        if any(specimen in message for message in self.repeats):
            said = row["reported_at"].encode()
            if any(specimen in message and said in message for message in self.messages):
                return REPEATED
        return row["reported_at"]

    def is_excepted(self, row):
        """Two finals without a correction status: which of them came first decides there."""
        return (row["specimen"], row["analyte"]) in self.two_finals

    def rows(self, table):
        kept = []
        for row in table:
            if not self.is_excepted(row):
                compared = {name: value for name, value in row.items() if name not in ARRIVAL}
                compared["reported_at"] = self.reported_at(row)
                kept.append(json.dumps(compared, sort_keys=True))
        return sorted(kept)


class OrderTest(labrelay_process.IntegrationTest):
    def arrive(self, name, steps, key=None):
        """The data directory after the steps: (kind, file), kind one of subjects, specimens, send."""
        server = self.labrelay(name)
        server.data.mkdir()
        if key:
            # Result ids are keyed by it, and are to be the same.
            shutil.copy(key, server.data / "store.key")
        server.start("target.paused=yes")
        with server.connect() as connection:
            for kind, file in steps:
                if kind == "send":
                    self.assertIsNotNone(connection.exchange(file.read_bytes()))
                else:
                    server.import_registry(kind, file)
        server.settle(delivered=False)
        self.assertEqual(server.stop(), 0)
        server.start()
        server.settle()
        self.assertEqual(server.stop(), 0)
        return server

    def two_finals(self, server):
        """(specimen, analyte) of two finals without a correction status: which came first decides there."""
        excepted = set()
        for line in server.run("problems", "list", "--json").splitlines():
            problem = json.loads(line)
            if problem["rule"] == "final-differs":
                _, specimen, code = problem["object"].split(", ")
                excepted.add((specimen.split(":")[1], {"1920-8^LN": "AST"}[code]))
        return excepted

    def check_same(self, comparison, expected, actual, seed):
        for table in expected:
            before = comparison.rows(expected[table])
            after = comparison.rows(actual[table])
            missing = [row for row in before if row not in set(after)]
            extra = [row for row in after if row not in set(before)]
            self.assertEqual((len(missing), len(extra)), (0, 0),
                             f"{table}, LABRELAY_SEED={seed}\nonly in the original order:\n"
                             + "\n".join(missing[:10]) + "\nonly in this order:\n" + "\n".join(extra[:10]))
            self.assertEqual(before, after, f"{table}, LABRELAY_SEED={seed}")

    def check_orders(self, orders):
        """`orders` makes from a random source the steps of one more order of arrival."""
        plan = list(labrelay_process.demo_plan())
        known_first = sorted(plan, key=lambda step: step[0] == "send")
        original = self.arrive("original", known_first)
        expected = original.study_database()
        excepted = self.two_finals(original)
        self.assertEqual(len(excepted), 1, "the samples hold one pair of finals that differ")
        self.assertGreater(len(expected["lab_result"]), 1000)
        comparison = Comparison(labrelay_process.demo_messages(), excepted)
        self.assertTrue(comparison.repeats)
        given = os.environ.get("LABRELAY_SEED")
        seeds = [int(given)] if given else [random.SystemRandom().randrange(1 << 32) for _ in range(SHUFFLES)]
        for seed in seeds:
            print(f"LABRELAY_SEED={seed}", flush=True)
            with self.subTest(seed=seed):
                server = self.arrive(f"shuffled-{seed}", orders(plan, random.Random(seed)),
                                     original.data / "store.key")
                self.check_same(comparison, expected, server.study_database(), seed)

    def test_messages_in_any_order(self):
        def shuffled(plan, draw):
            messages = [step for step in plan if step[0] == "send"]
            draw.shuffle(messages)
            return [step for step in plan if step[0] != "send"] + messages

        self.check_orders(shuffled)

    def test_registry_known_late(self):
        """The registry files keep their order and come at random moments between the messages."""
        def interleaved(plan, draw):
            messages = [step for step in plan if step[0] == "send"]
            draw.shuffle(messages)
            files = [step for step in plan if step[0] != "send"]
            moments = sorted(draw.randint(0, len(messages)) for _ in files)
            for moment, file in zip(reversed(moments), reversed(files)):
                messages.insert(moment, file)
            return messages

        self.check_orders(interleaved)


if __name__ == "__main__":
    labrelay_process.main()
