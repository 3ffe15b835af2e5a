"""Freeze, lock, and what arrives afterwards; reconciliation with the study database and a laboratory's list."""

import json
import sqlite3
import subprocess

import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE, SOURCE, Labrelay

BACKFILL = SOURCE / "samples" / "backfill"
STUDY = "NCT05872659"
SUBJECT = "SCR-020"
MRN = "00482020"
BIRTH = "1979-04-18"


def results(control_id, reported, viral_load, status="F", cd4="318"):
    """A laboratory's message of one screening draw."""
    return "\r".join([
        f"MSH|^~\\&|LIS-EN|QILU|LABRELAY|QILU|{reported}00||ORU^R01^ORU_R01|{control_id}|P|2.5.1",
        f"PID|1||{MRN}^^^QILU^MR||||19790418|M",
        f"OBR|1|P24011020|E24011020|PANEL^Panel^L|||202401100810|||||||||||||||{reported}|||{status}",
        f"OBX|1|NM|25836-8^HIV-1 RNA^LN||{viral_load}|copies/mL|||||{status}",
        f"OBX|2|NM|24467-3^CD4 Count^LN||{cd4}|cells/uL|||||F", ""]).encode()


class LockTest(labrelay_process.IntegrationTest):
    def server_with_results(self):
        server = self.labrelay()
        server.start()
        server.import_registry("subjects", BACKFILL / "subjects.csv")
        self.send(server, results("LK1", "202401101500", "388"))
        return server

    def send(self, server, message):
        with server.connect() as connection:
            self.assertEqual(connection.exchange(message).code, "AA")
        server.settle()

    def command(self, server, *arguments, status=0):
        done = subprocess.run([Labrelay.binary, *map(str, arguments), "--data", str(server.data)],
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def with_mappings(self, server, *arguments, status=0):
        return self.command(server, *arguments, "--mappings", MAPPINGS, status=status)

    def change(self, server, action, *arguments, status=0):
        return self.with_mappings(server, action, "--study", STUDY, "--by", "A. Reviewer", "--reason",
                                  "visit reviewed", *arguments, status=status)

    def lock_screening(self, server):
        scope = ["--subject", SUBJECT, "--visit", "SCR"]
        refused = self.change(server, "lock", *scope, status=1)
        ids = [line.split("\t")[0] for line in refused.stdout.splitlines()]
        self.assertIn("lock-outstanding", refused.stderr)
        accept = [word for item in ids for word in ("--accept", item)]
        self.change(server, "lock", *scope, *accept, status=2)  # nobody has signed
        self.change(server, "lock", *scope, *accept[2:], "--sign", "complete", status=1)
        self.change(server, "lock", *scope, *accept, "--sign", "complete as far as it came")
        server.settle()
        return ids

    def study_values(self, server):
        return {row["analyte"]: (row["value_text"], row["version"], row["reason"])
                for row in server.study("lab_result", "analyte") if row["analyte"] in ("HIVVL", "HIVVLLOG")}

    def items(self, server, *arguments):
        listed = self.with_mappings(server, "post-lock", "list", "--json", *arguments).stdout
        return {item["analyte"]: item for item in map(json.loads, listed.splitlines())}

    def test_a_lock_asks_for_what_is_outstanding(self):
        server = self.server_with_results()
        ids = self.lock_screening(server)
        self.assertTrue(all(item.split(":")[0] == "missing" for item in ids), ids)
        locks = [json.loads(line) for line in self.command(server, "locks", "--json").stdout.splitlines()]
        self.assertEqual([(lock["scope"], lock["subject"], lock["visit"], lock["state"]) for lock in locks],
                         [("visit", SUBJECT, "SCR", "locked")])
        there = server.study("lab_lock", "study")
        self.assertEqual([(row["study"], row["subject"], row["visit"], row["scope"], row["state"]) for row in there],
                         [(STUDY, SUBJECT, "SCR", "visit", "locked")])
        history = json.loads(self.command(server, "locks", "--history", "--json").stdout)
        self.assertEqual(len(history["accepted"]), len(ids))
        self.assertIn("A. Reviewer: complete as far as it came", history["signature"])
        self.change(server, "lock", "--subject", SUBJECT, "--visit", "SCR", "--sign", "again", status=1)
        self.change(server, "unlock", "--subject", SUBJECT, "--visit", "SCR", status=2)  # no signature
        self.change(server, "lock", "--subject", "nobody", status=2)

    def test_a_corrected_viral_load_after_the_lock(self):
        server = self.server_with_results()
        self.lock_screening(server)
        before = self.study_values(server)
        self.send(server, results("LK2", "202401121500", "1200", "C"))
        stored = {row["analyte"]: row["value_text"] for row in map(
            json.loads, self.with_mappings(server, "results", "--json").stdout.splitlines())}
        self.assertEqual(stored["HIVVL"], "1200")
        self.assertEqual(self.study_values(server), before)
        items = self.items(server)
        self.assertEqual(set(items), {"HIVVL", "HIVVLLOG"})
        load = items["HIVVL"]
        self.assertEqual((load["state"], load["old"]["value"], load["new"]["value"]), ("open", "388", "1200"))
        shown = json.loads(self.with_mappings(server, "post-lock", "show", load["id"], "--json").stdout)
        self.assertTrue(any("388" in line and "1200" in line for line in shown["impact"]), shown["impact"])
        self.assertTrue(any("HIVVLLOG" in line for line in shown["impact"]), shown["impact"])
        self.assertTrue(any("eligibility" in line for line in shown["impact"]), shown["impact"])

        decide = ["--by", "B. Manager", "--reason", "confirmed by the laboratory"]
        self.command(server, "post-lock", "forward", load["id"], *decide, status=2)  # not authorised
        self.command(server, "post-lock", "forward", items["HIVVLLOG"]["id"], *decide, "--sign", "x", status=1)
        self.command(server, "post-lock", "forward", load["id"], *decide, "--sign", "unlock of one result")
        server.settle()
        after = self.study_values(server)
        self.assertEqual(after["HIVVL"], ("1200", 2, "post-lock-correction"))
        self.assertEqual(after["HIVVLLOG"][0], "3.08")
        self.assertEqual(self.items(server), {})

        self.send(server, results("LK3", "202401141500", "9000", "C"))
        load = self.items(server)["HIVVL"]
        self.assertEqual((load["old"]["value"], load["new"]["value"]), ("1200", "9000"))
        self.assertEqual(server.stop(), 0)
        # Without a server the command writes itself.
        self.command(server, "post-lock", "document", load["id"], *decide)
        self.change(server, "unlock", "--subject", SUBJECT, "--visit", "SCR", "--sign", "study ends")
        server.start()
        server.settle()
        self.assertEqual({name: value[0] for name, value in self.study_values(server).items()},
                         {"HIVVL": "1200", "HIVVLLOG": "3.08"})
        self.assertEqual(self.items(server), {})
        self.assertEqual(self.items(server, "--all")["HIVVL"]["state"], "not applied")
        self.assertEqual(server.study("lab_lock", "study")[0]["state"], "open")

    def test_frozen_values_wait(self):
        server = self.server_with_results()
        before = self.study_values(server)
        self.change(server, "freeze", "--subject", SUBJECT)
        self.send(server, results("LK2", "202401121500", "1200", "C"))
        self.assertEqual(self.study_values(server), before)
        self.assertEqual(self.items(server)["HIVVL"]["state"], "waiting")
        self.change(server, "unfreeze", "--subject", SUBJECT)
        server.settle()
        self.assertEqual(self.study_values(server)["HIVVL"][0], "1200")

    def reconcile(self, server, *arguments, status=0):
        return self.with_mappings(server, "reconcile", "study", *arguments, status=status)

    def edit_study(self, server, *statements):
        database = sqlite3.connect(server.data / "study.db", timeout=PATIENCE)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    def problems(self, server, state="open"):
        listed = self.command(server, "problems", "list", "--json", "--state", state).stdout
        return [problem["rule"] for problem in map(json.loads, listed.splitlines())]

    def test_reconciliation_with_the_study_database(self):
        server = self.server_with_results()
        self.assertIn("Result: no difference.", self.reconcile(server).stdout)
        self.edit_study(server, "UPDATE lab_result SET value_num = '999' WHERE analyte = 'CD4A'")
        report = self.directory / "report.txt"
        self.reconcile(server, "--out", report, status=1)
        self.assertIn("value_num is 318 here and 999 there", report.read_text())
        self.assertIn("Signature", report.read_text())
        self.assertEqual(self.problems(server), ["differs-there"])
        self.reconcile(server, status=1)
        self.assertEqual(self.problems(server), ["differs-there"])
        self.edit_study(server, "UPDATE lab_result SET value_num = '318' WHERE analyte = 'CD4A'")
        self.reconcile(server)
        self.assertEqual(self.problems(server), [])
        self.assertEqual(self.problems(server, "resolved"), ["differs-there"])
        self.edit_study(server, "UPDATE lab_result SET value_num = '999' WHERE analyte = 'CD4A'")
        self.reconcile(server, status=1)
        self.assertEqual(self.problems(server), ["differs-there"])  # it came back

    def test_a_missing_and_an_extra_row(self):
        server = self.server_with_results()
        self.assertEqual(server.stop(), 0)  # and once without a server
        self.edit_study(
            server,
            "CREATE TEMP TABLE copy AS SELECT * FROM lab_result WHERE analyte = 'CD4A'",
            "UPDATE copy SET result_id = 'BY-HAND'",
            "INSERT INTO lab_result SELECT * FROM copy",
            "DELETE FROM lab_result WHERE analyte = 'HIVVLLOG'")
        found = json.loads(self.reconcile(server, "--json", status=1).stdout)
        counts = found["target_comparison"]
        self.assertEqual((counts["same"], counts["missing"], counts["extra"]), (2, 1, 1))
        self.assertEqual(sorted(self.problems(server)), ["extra-there", "missing-there"])
        self.reconcile(server, "--study-db", self.directory / "nothing.db", status=2)
        self.with_mappings(server, "reconcile", "elsewhere", status=2)

    def test_the_laboratorys_own_list(self):
        server = self.server_with_results()
        listing = self.directory / "list.csv"
        header = "subject,sex,birth_date,visit,collected_at,accession,analyte,value,unit\n"
        good = f"{SUBJECT},M,{BIRTH},SCR,2024-01-10T08:10,E24011020,HIVVL,388,copies/mL\n"
        listing.write_text(header + good)
        self.assertIn("Result: no difference.", self.reconcile(server, "--lab-list", listing).stdout)
        listing.write_text(
            header + good + good
            + f"{SUBJECT},F,1980-01-01,M3,2024-01-10T08:10,E24011020,CD4A,319,cells/uL\n"
            + f"{SUBJECT},M,1979,SCR,2024-01-10T08:10,E24011020,WBC,4.6,10*9/L\n")
        report = self.reconcile(server, "--lab-list", listing, status=1).stdout
        for sentence in ("named twice", "it never arrived here", "the sex differs; the birth date differs",
                         "the list says visit M3, here it stands at SCR", "the list says 319"):
            self.assertIn(sentence, report)
        for identity in (MRN, "1980-01", BIRTH):
            self.assertNotIn(identity, report)
        self.assertEqual(sorted(self.problems(server)),
                         ["header-differs", "list-differs", "listed-twice", "never-arrived"])
        found = json.loads(self.reconcile(server, "--lab-list", listing, "--json", status=1).stdout)
        counts = found["list_comparison"]
        self.assertEqual(counts["lines"], counts["same"] + counts["different"] + counts["held"]
                         + counts["never_arrived"] + counts["repeated"])
        listing.write_text("subject,analyt,value\nSCR-020,HIVVL,388\n")
        bad = self.reconcile(server, "--lab-list", listing, status=2)
        self.assertIn(f"{listing}:1:9", bad.stderr)


if __name__ == "__main__":
    labrelay_process.main()
