"""Older results in one batch file: placed as history, counted for eligibility, of no visit, whichever way they come."""

import json
import subprocess

import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE, SOURCE, Labrelay

BACKFILL = SOURCE / "samples" / "backfill"
HISTORY = BACKFILL / "history.hl7"
SCREENING = BACKFILL / "screening.hl7"


class EligibilityTest(labrelay_process.IntegrationTest):
    def server_with_subject(self, *settings):
        server = self.labrelay(settings=settings)
        server.start()
        server.import_registry("subjects", BACKFILL / "subjects.csv")
        return server

    def command(self, *arguments):
        return subprocess.run([Labrelay.binary, *map(str, arguments)], capture_output=True, text=True,
                              timeout=PATIENCE)

    def asked(self, server, command, *arguments):
        return self.command(command, *arguments, "--data", server.data, "--mappings", MAPPINGS)

    def send(self, server, file):
        sent = self.command("send", file, "--port", server.mllp_port)
        self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)

    def check_end(self, server):
        """After history and screening: nothing is against, and history stands at no visit."""
        asked = self.asked(server, "eligibility", "SCR-020", "--json")
        self.assertEqual(asked.returncode, 0, asked.stdout + asked.stderr)
        eligibility = json.loads(asked.stdout)
        self.assertEqual(eligibility["overall"], "no laboratory criterion against")
        conditions = {condition["id"]: condition for criterion in eligibility["criteria"]
                      for condition in criterion["conditions"]}
        evidence = conditions["viral-load"]["evidence"]
        self.assertEqual([(line["collected"], line["value_text"], line["history"]) for line in evidence],
                         [("2024-01-10 08:10", "<20", False), ("2023-09-20 08:10", "<40", True)])
        results = [json.loads(line) for line in self.asked(
            server, "results", "--subject", "SCR-020", "--json").stdout.splitlines()]
        history = [result for result in results if result["visit_kind"] == "history"]
        self.assertEqual(len([result for result in history if not result["derived_from"]]), 6)
        self.assertEqual({result["visit"] for result in history}, {None})
        self.assertEqual({result["visit"] for result in results if result not in history}, {"SCR"})
        for line in evidence:
            self.assertIn(line["lineage_id"], [result["lineage_id"] for result in results])

    def test_without_history_a_viral_load_is_missing(self):
        server = self.server_with_subject()
        self.send(server, SCREENING)
        asked = self.asked(server, "eligibility", "SCR-020", "--json")
        self.assertEqual(asked.returncode, 1)
        self.assertEqual(json.loads(asked.stdout)["overall"], "undecided")
        self.send(server, HISTORY)
        self.check_end(server)
        self.assertEqual(server.stop(), 0)
        self.check_end(server)

    def test_by_a_watched_folder(self):
        server = self.server_with_subject(f"folder.inbox.path={self.directory / 'inbox'}",
                                          "folder.inbox.settle=1")
        for file in (HISTORY, SCREENING):
            sent = self.command("send", file, "--folder", self.directory / "inbox")
            self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)
        self.check_end(server)

    def test_by_http(self):
        server = self.server_with_subject("http-intake.port=0")
        port = next(way for way in server.ready["ways_in"] if way["name"] == "http_intake")["port"]
        for file in (HISTORY, SCREENING):
            sent = self.command("send", file, "--http", f"http://127.0.0.1:{port}/hl7")
            self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)
        self.check_end(server)

    def test_an_earlier_time_knows_less(self):
        server = self.server_with_subject()
        self.send(server, HISTORY)
        self.send(server, SCREENING)
        asked = self.asked(server, "eligibility", "SCR-020", "--json", "--at", "2024-01-10T12:00")
        self.assertEqual(json.loads(asked.stdout)["overall"], "undecided")
        self.assertEqual(self.asked(server, "eligibility", "SCR-020", "--at", "soon").returncode, 2)
        self.assertEqual(self.asked(server, "eligibility", "nobody").returncode, 2)

    def test_expected_counts_days_and_says_what_is_missing(self):
        server = self.server_with_subject()
        self.send(server, SCREENING)
        asked = self.asked(server, "expected", "--subject", "SCR-020", "--visit", "SCR", "--json",
                           "--at", "2024-01-26")
        self.assertEqual(asked.returncode, 0, asked.stderr)  # the window is still open
        visit = json.loads(asked.stdout)
        self.assertEqual((visit["window"], visit["days"], visit["until"]), ("open", 10, "2024-02-05"))
        states = {panel["panel"]: [item["state"] for item in panel["items"]] for panel in visit["panels"]}
        self.assertEqual(states["hiv-rna"], ["there"])
        self.assertEqual(states["hbv-dna"], ["there"])
        self.assertEqual(states["subsets"], ["there", "missing", "missing", "missing"])
        self.assertNotIn("hcg", states)
        closed = self.asked(server, "expected", "--subject", "SCR-020", "--at", "2024-02-06")
        self.assertEqual(closed.returncode, 1)
        self.assertIn("closed 1 day ago", closed.stdout)
        self.assertEqual(self.asked(server, "expected", "--visit", "M99").returncode, 2)


if __name__ == "__main__":
    labrelay_process.main()
