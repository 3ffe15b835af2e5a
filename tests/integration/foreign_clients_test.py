"""Three MLLP clients from the npm registry, which nobody here wrote, send the samples and read the answers.

The fourth one, python3-hl7's mllp_send, is in mllp_send_test.py. Each script in clients/ sends its messages
over one connection and prints what the client's own parser made of MSA-1 and MSA-2. The clients read UTF-8
only, so the samples in GB 18030 are left to mllp_send. scripts/setup installs them (npm ci).
"""

import csv
import json
import pathlib
import shutil
import subprocess
import unittest

import labrelay_process
from labrelay_process import PATIENCE, SAMPLES

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
NODE = shutil.which("node")


def is_utf8(message):
    try:
        return message.decode("utf-8") is not None and b"GB 18030" not in message
    except UnicodeDecodeError:
        return False


@unittest.skipUnless(NODE and (CLIENTS / "node_modules").is_dir(), "run scripts/setup: it installs the clients")
class ForeignClientsTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.server = self.labrelay()
        self.server.start()
        steps = list(labrelay_process.demo_plan())
        for kind, file in steps:
            if kind != "send":
                self.server.import_registry(kind, file)
        with open(SAMPLES / "truth.csv", newline="", encoding="utf-8") as truth:
            refused = {row["control_id"] for row in csv.DictReader(truth) if row["disposition"] == "refused"}
        self.files = [file for kind, file in steps if kind == "send" and is_utf8(file.read_bytes())
                      and labrelay_process.control_id(file.read_bytes()).decode() not in refused][:40]
        self.assertGreater(len(self.files), 20)

    def send_with(self, script):
        done = subprocess.run([NODE, str(CLIENTS / script), str(self.server.mllp_port), *map(str, self.files)],
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
        ids = [labrelay_process.control_id(file.read_bytes()).decode() for file in self.files]
        self.assertEqual([(answer["code"], answer["control_id"]) for answer in answers],
                         [("AA", control_id) for control_id in ids], self.server.diagnostics())
        self.assertEqual(len(self.server.ledger()), len(self.files))

    def test_node_hl7_client(self):
        self.send_with("node_hl7_client.mjs")

    def test_medplum(self):
        self.send_with("medplum.mjs")

    def test_simple_hl7(self):
        self.send_with("simple_hl7.mjs")


if __name__ == "__main__":
    labrelay_process.main()
