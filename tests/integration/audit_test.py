"""The audit trail of a real server: anchored in the log, verified beside it, and an edited file is found."""

import json
import re
import sqlite3
import subprocess

import flow_traffic
import labrelay_process


class AuditTest(labrelay_process.IntegrationTest):
    def audit(self, *arguments):
        """Exit status and output of a command on the data directory."""
        done = subprocess.run([labrelay_process.Labrelay.binary, "audit", *arguments, "--data",
                               str(self.server.data)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def test_the_trail_of_a_server(self):
        self.server = self.labrelay()
        self.server.start()
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(2))
        self.server.import_registry("subjects", registry)
        with self.server.connect() as connection:
            connection.exchange(flow_traffic.message(1, 1))
        self.server.settle()
        status, text = self.audit("verify")
        self.assertEqual(status, 0, text)
        self.assertIn("Not proven:", text)
        status, text = self.audit("list", "--json")
        rows = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(status, 0)
        by_kind = {row["kind"]: row for row in rows}
        self.assertEqual(by_kind["registry"]["origin"], "command")
        self.assertEqual(by_kind["ingest"]["origin"], "engine")
        for row in rows:
            self.assertTrue(row["version"], row)
            if row["kind"] != "configuration":  # the first of all is entered before any is in force
                self.assertTrue(row["config_hash"], row)
        self.server.stop()
        anchors = re.findall(r"audit anchor \d+ ([0-9a-f]{64})", self.server.log.read_text())
        self.assertTrue(anchors, "a stop anchors what was entered")
        for digest in anchors:
            self.assertEqual(self.audit("verify", "--anchor", digest)[0], 0)
        self.assertEqual(self.audit("verify", "--anchor", "0" * 64)[0], 1)
        with sqlite3.connect(self.server.data / "store.db") as store:
            store.execute("UPDATE audit SET actor = 'somebody' WHERE kind = 'registry'")
        status, text = self.audit("verify", "--json")
        self.assertEqual(status, 1)
        found = json.loads(text)
        self.assertEqual(found["first_bad"]["id"], by_kind["registry"]["id"])
        self.assertEqual(found["first_bad"]["code"], "audit-broken")


if __name__ == "__main__":
    labrelay_process.main()
