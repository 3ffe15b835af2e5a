"""python3-hl7's `mllp_send`, a client that nobody here wrote, gets the answer that each message is to get.

It waits for an answer before it sends the next message, prints each answer, and ends with 0 whatever they
say: so the messages of one connection are in one file, and the answers are read from what it prints.
"""

import csv
import itertools
import re
import subprocess
import unittest

import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE, SAMPLES

CLIENT = "/usr/bin/mllp_send"


def is_client_there():
    try:
        return subprocess.run([CLIENT, "--version"], capture_output=True, timeout=PATIENCE).returncode == 0
    except OSError:
        return False


def golden_cases():
    """(name, expected end, judged message): the last message of a case is the one that is judged."""
    for expected in sorted(MAPPINGS.rglob("*.expected")):
        numbered = [file for file in expected.parent.glob(f"{expected.stem}.*.hl7")
                    if re.fullmatch(r"\.\d+", file.name[len(expected.stem):-len(".hl7")])]
        messages = sorted(numbered) or [expected.with_suffix(".hl7")]
        end = expected.read_text().split("\n", 1)[0]
        yield f"{expected.parent.name}/{expected.stem}", end, messages[-1].read_bytes()


def answer_by(end):
    """The code that a golden case's first line names; None where nothing is to be answered."""
    words = end.split()
    if words[0] == "silent":
        return None
    return words[1] if words[0] == "refused" else "AA"


@unittest.skipUnless(is_client_there(), f"{CLIENT} (Debian: python3-hl7) is not installed")
class MllpSendTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.server = self.labrelay()
        self.server.start()

    def send(self, messages):
        """The answers that mllp_send prints, in the order of the messages."""
        file = self.directory / "messages.mllp"
        file.write_bytes(b"".join(map(labrelay_process.frame, messages)))
        done = subprocess.run([CLIENT, "--file", str(file), "--port", str(self.server.mllp_port), "127.0.0.1"],
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.stderr, b"")
        answers = [labrelay_process.Answer(printed.lstrip(b"\x0b"))
                   for printed in done.stdout.split(b"\x1c\r\n") if printed]
        self.assertEqual(len(answers), len(messages), self.server.diagnostics())
        return answers

    def test_samples(self):
        """In the plan's order: AA, and for the refused ones what the golden case of that reason names."""
        code_of = {}
        for _, end, _ in golden_cases():
            if end.startswith("refused "):
                _, code, reason = end.split()
                code_of[reason] = code
        with open(SAMPLES / "truth.csv", newline="", encoding="utf-8") as truth:
            refused = {row["control_id"]: code_of[row["reason"]] for row in csv.DictReader(truth)
                       if row["disposition"] == "refused"}
        self.assertTrue(refused)
        sent = 0
        for kind, steps in itertools.groupby(labrelay_process.demo_plan(), key=lambda step: step[0]):
            files = [file for _, file in steps]
            if kind != "send":
                for file in files:
                    self.server.import_registry(kind, file)
                continue
            messages = [file.read_bytes() for file in files]
            for file, message, answer in zip(files, messages, self.send(messages)):
                control_id = labrelay_process.control_id(message)
                self.assertEqual((answer.code, answer.control_id),
                                 (refused.get(control_id.decode(), "AA"), control_id), file.name)
                sent += 1
        self.assertEqual(len(self.server.ledger()), sent)

    def test_golden_cases(self):
        for kind in ("subjects", "specimens"):
            self.server.import_registry(kind, MAPPINGS / "NCT05872659" / "cases" / f"{kind}.csv")
        cases = [(name, answer_by(end), message) for name, end, message in golden_cases()]
        answered = [case for case in cases if case[1]]
        self.assertLess({"AA", "AE", "AR"}, {code for _, code, _ in cases})
        for (name, code, message), answer in zip(answered, self.send([case[2] for case in answered])):
            with self.subTest(case=name):
                self.assertEqual(answer.code, code, answer.payload)

    def test_silence(self):
        """mllp_send would wait for ever: the next message's answer shows that there was none before it."""
        silent = [message for _, end, message in golden_cases() if answer_by(end) is None]
        self.assertTrue(silent)
        next_one = labrelay_process.demo_messages()[0]
        for message in silent:
            with self.server.connect() as connection:
                connection.send(message)
                answer = connection.exchange(next_one)
                self.assertEqual((answer.code, answer.control_id),
                                 ("AA", labrelay_process.control_id(next_one)))


if __name__ == "__main__":
    labrelay_process.main()
