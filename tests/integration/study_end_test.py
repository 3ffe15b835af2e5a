"""The end of a study by REST: locks by signature, what arrives afterwards with two persons, reconciliation as a
report that is signed, exports as files, registry files looked at before they are imported, reviews of access.
"""

import csv
import hashlib
import http.client
import io
import json
import re
import sqlite3
import subprocess
import time

import labrelay_process
from console_client import PATIENCE as ANSWER_PATIENCE
from console_client import Person
from labrelay_process import MAPPINGS, PATIENCE, SOURCE, Labrelay, stands_in
from lock_test import BACKFILL, BIRTH, MRN, STUDY, SUBJECT, results

PASSWORD = "seventeen red pencils"
TRAINING = "2026-11-20 SOP-12 v3"
SCHEMAS = SOURCE / "../shared/cases/schemas"


class Signer(Person):
    """Somebody who signs: with the name the first time."""

    def __init__(self, port, name):
        super().__init__(port)
        self.name = name

    def sign(self, meaning="approved"):
        return {"password": PASSWORD, "name": self.name, "declare": True, "meaning": meaning}

    def take(self, path):
        """A file, with the headers that it came with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_PATIENCE)
        try:
            connection.request("GET", "/api/v1" + path, headers={"Cookie": self.cookie})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


class StudyEndTest(labrelay_process.IntegrationTest):
    LOAD = "388"

    def serve(self, mappings=MAPPINGS, *settings):
        server = Labrelay(self.directory / "data", mappings, settings)
        self.addCleanup(server.kill)
        for name, role, *more in [("mei", "data-manager"), ("omar", "data-manager"), ("vera", "viewer"),
                                  ("ada", "administrator"), ("ines", "inspector"), *self.more_people()]:
            subprocess.run([Labrelay.binary, "user", "add", name, "--role", role, "--training", TRAINING, "--own",
                            *more, "--data", str(server.data)], input=PASSWORD + "\n", text=True, check=True,
                           capture_output=True, timeout=PATIENCE)
        server.start()
        server.import_registry("subjects", BACKFILL / "subjects.csv")
        self.server = server
        self.send(results("LK1", "202401101500", self.LOAD))
        return server

    def more_people(self):
        return []

    def send(self, message):
        with self.server.connect() as connection:
            self.assertEqual(connection.exchange(message).code, "AA")
        self.server.settle()

    def person(self, name):
        person = Signer(self.server.ready["http"]["port"], name)
        self.assertEqual(person.sign_in(name, PASSWORD).status, 200)
        return person

    def subject(self, person):
        return person.ask("GET", f"/subjects/{SUBJECT}").json

    def audit(self, kind):
        store = sqlite3.connect(f"file:{self.server.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
        rows = store.execute("SELECT actor, role, origin, what, object, reason, after FROM audit WHERE kind = ? "
                             "ORDER BY audit_id", (kind,)).fetchall()
        store.close()
        return rows


class LockTest(StudyEndTest):
    def more_people(self):
        return [("near", "data-manager", "--study", STUDY, "--site", "QILU"),
                ("whole", "data-manager", "--study", STUDY),
                ("far", "data-manager", "--study", STUDY, "--site", "ELSEWHERE")]

    def signature_of(self, text):
        return int(re.search(r"signature (\d+)\)$", text).group(1))

    def test_a_signature_is_for_whoever_sees_what_was_locked(self):
        self.serve()
        mei = self.person("mei")
        self.assertEqual(self.lock(mei)[1].status, 200)
        self.send(results("LK2", "202401121500", "1200", "C"))
        both = list(self.items(mei).values())  # the load, and its logarithm, which follows
        self.assertEqual(len(both), 2, both)
        self.assertEqual(self.decide(mei, "document", *both).status, 200)
        signed = [self.signature_of(mei.ask("GET", "/locks/history").json["items"][0]["signature"])]
        signed.append(signed[0] + 1)
        kinds = {one: mei.ask("GET", f"/signatures/{one}").json for one in signed}
        self.assertEqual([one["object_kind"] for one in kinds.values()], ["lock", "post-lock"])
        self.assertEqual(kinds[signed[1]]["object"], ",".join(str(item["id"]) for item in both))
        self.assertEqual(kinds[signed[0]]["object"], self.audit("lock")[-1][4])
        for name, status in [("near", 200), ("whole", 200), ("far", 404)]:
            person = self.person(name)
            for one in signed:
                self.assertEqual(person.ask("GET", f"/signatures/{one}").status, status, f"{name} {kinds[one]}")

    def lock(self, person, **more):
        scope = {"study": STUDY, "subject": self.subject(person)["id"], "visit": "SCR"}
        query = f"/locks/outstanding?study={STUDY}&subject={scope['subject']}&visit=SCR"
        standing = person.ask("GET", query).json
        body = scope | {"reason": "visit reviewed", "accept": [item["id"] for item in standing["items"]],
                        "signature": person.sign()} | more
        return standing, person.ask("POST", "/locks/lock", body)

    def test_a_lock_needs_everything_settled_or_signed_for(self):
        self.serve()
        mei = self.person("mei")
        standing, refused = self.lock(mei, accept=[])
        self.assertEqual((standing["state"], standing["closed"]), ("open", False))
        self.assertTrue(standing["items"])
        self.assertEqual(refused.code, "lock-outstanding")
        self.assertEqual(self.lock(mei, signature={})[1].code, "signature-needed")
        self.assertEqual(self.lock(mei, signature=mei.sign() | {"password": "x"})[1].code, "signature-failed")
        self.assertEqual(self.lock(mei, reason="")[1].code, "reason-needed")
        self.assertEqual(self.lock(mei, visit="M99")[1].status, 404)
        _, done = self.lock(mei)
        self.assertEqual(done.status, 200, done.text)
        lock, = mei.ask("GET", "/locks").json["items"]
        self.assertEqual((lock["scope"], lock["subject"], lock["visit"], lock["state"], lock["by"]),
                         ("visit", SUBJECT, "SCR", "locked", "mei"))
        fact = mei.ask("GET", "/locks/history").json["items"][0]
        self.assertEqual(len(fact["accepted"]), len(standing["items"]))
        number = int(re.search(r"signature (\d+)\)$", fact["signature"]).group(1))
        signature = mei.ask("GET", f"/signatures/{number}").json
        self.assertEqual((signature["object_kind"], signature["meaning"]), ("lock", "approved"))
        content = {"action": "lock", "study": STUDY, "subject": SUBJECT, "visit": "SCR", "reason": "visit reviewed",
                   "accepted": fact["accepted"]}
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(signature["content_sha256"], hashlib.sha256(canonical.encode()).hexdigest())
        # The matrix and the subject's page say so.
        row, = mei.ask("GET", f"/subjects?q={SUBJECT}").json["items"]
        self.assertEqual((row["cells"]["SCR"]["lock"], row["cells"]["SCR"]["state"]), ("locked", "locked"))
        self.assertEqual(row["cells"]["M0"]["lock"], "open")
        self.assertEqual(self.subject(mei)["locks"][0]["state"], "locked")
        self.assertEqual(self.lock(mei)[1].code, "lock-state")
        actor, role, origin, *_ = self.audit("lock")[-1]
        self.assertEqual((actor, role, origin), ("mei", "data manager", "page"))

    def test_a_cell_that_nobody_expects_waits_for_nothing(self):
        self.serve()
        row, = self.person("vera").ask("GET", f"/subjects?q={SUBJECT}").json["items"]
        cells = [cell for cell in row["cells"].values() if cell["state"] == "not expected"]
        self.assertTrue(cells)  # nobody knows when the first infusion was
        for cell in cells:
            self.assertNotIn("waiting", cell["marks"].values())

    def test_a_freeze_needs_a_reason_only(self):
        self.serve()
        mei = self.person("mei")
        scope = {"study": STUDY, "subject": self.subject(mei)["id"], "reason": "to be looked at"}
        self.assertEqual(mei.ask("POST", "/locks/freeze", scope).status, 200)
        self.assertEqual(mei.ask("POST", "/locks/melt", scope).status, 404)
        self.assertEqual(self.person("vera").ask("POST", "/locks/unfreeze", scope).status, 403)
        row, = mei.ask("GET", f"/subjects?q={SUBJECT}").json["items"]
        self.assertEqual(row["cells"]["M0"]["lock"], "frozen")
        self.send(results("LK2", "202401121500", "1200", "C"))
        self.assertEqual(mei.ask("GET", "/post-lock").json["items"][0]["state"], "waiting")
        self.assertEqual(mei.ask("POST", "/locks/unfreeze", scope).status, 200)
        self.server.settle()
        self.assertEqual(mei.ask("GET", "/post-lock").json["items"], [])

    def items(self, person, state="open"):
        return {item["analyte"]: item for item in person.ask("GET", f"/post-lock?state={state}").json["items"]}

    def decide(self, person, decision, *items, **more):
        body = {"decision": decision, "reason": "confirmed by the laboratory", "signature": person.sign(),
                "items": [{"id": item["id"], "seen": item["changed"]} for item in items]}
        return person.ask("POST", "/post-lock/decisions", body | more)

    def test_one_authorises_and_another_forwards(self):
        self.serve()
        mei, omar = self.person("mei"), self.person("omar")
        self.assertEqual(self.lock(mei)[1].status, 200)
        self.send(results("LK2", "202401121500", "1200", "C"))
        load = self.items(mei)["HIVVL"]
        self.assertEqual((load["state"], load["old"]["value"], load["new"]["value"]), ("open", "388", "1200"))
        self.assertTrue(any("388" in line and "1200" in line for line in load["impact"]), load["impact"])
        self.assertEqual(self.decide(mei, "forward", load).code, "post-lock-state")
        self.assertEqual(self.decide(mei, "authorise", load, signature={}).code, "signature-needed")
        self.assertEqual(self.decide(mei, "authorise", load).status, 200)
        self.assertEqual(self.decide(mei, "authorise", load).code, "precondition-failed")  # it has changed since
        load = self.items(mei)["HIVVL"]
        self.assertEqual((load["state"], load["authorised_by"]), ("authorised", "mei"))
        self.assertEqual(self.decide(mei, "forward", load).code, "four-eyes-same-person")
        self.assertEqual(self.decide(self.person("vera"), "forward", load).status, 403)
        done = self.decide(omar, "forward", load)
        self.assertEqual(done.status, 200, done.text)
        self.server.settle()
        values = {row["analyte"]: row["value_text"] for row in self.server.study("lab_result", "analyte")}
        self.assertEqual(values["HIVVL"], "1200")
        item = omar.ask("GET", f"/post-lock/{load['id']}").json
        self.assertEqual([(fact["by"], fact["to"]) for fact in item["history"]],
                         [("mei", "authorised"), ("omar", "forwarded")])
        self.assertEqual(self.items(mei), {})

        self.send(results("LK3", "202401141500", "9000", "C"))
        load = self.items(mei)["HIVVL"]
        self.assertEqual(self.decide(mei, "document", load, reason="").code, "reason-needed")
        self.assertEqual(self.decide(mei, "document", load).status, 200)
        states = [item["state"] for item in mei.ask("GET", "/post-lock?state=all").json["items"]
                  if item["analyte"] == "HIVVL"]
        self.assertEqual(states, ["forwarded", "not applied"])

    def test_one_person_may_do_both_where_that_was_switched_off(self):
        self.serve()
        mei, ada = self.person("mei"), self.person("ada")
        off = {"required": False, "reason": "a team of one", "signature": ada.sign("responsible")}
        self.assertEqual(ada.ask("PUT", "/four-eyes/post-lock.forward", off).status, 200)
        self.lock(mei)
        self.send(results("LK2", "202401121500", "1200", "C"))
        self.assertEqual(self.decide(mei, "forward", self.items(mei)["HIVVL"]).status, 200)
        self.assertEqual(self.items(mei), {})


class ReconciliationTest(StudyEndTest):
    def more_people(self):
        return [("whole", "data-manager", "--study", STUDY),
                ("near", "data-manager", "--study", STUDY, "--site", "QILU")]

    def run_one(self, person, **more):
        asked = person.ask("POST", "/reconciliations/run", {"study": STUDY, "target": "study"} | more)
        self.assertEqual(asked.status, 202, asked.text)
        limit = time.monotonic() + PATIENCE
        while True:
            report = person.ask("GET", f"/reconciliations/{asked.json['id']}").json
            if report["state"] != "running" or time.monotonic() > limit:
                return report
            self.assertIsNone(self.server.ended_within(0.02))

    def test_a_report_is_run_kept_and_signed(self):
        self.serve()
        mei = self.person("mei")
        report = self.run_one(mei)
        self.assertEqual((report["state"], report["differences"], report["why"]), ("done", 0, ""), report)
        database = sqlite3.connect(self.server.data / "study.db", timeout=PATIENCE)
        database.execute("UPDATE lab_result SET value_num = '999' WHERE analyte = 'CD4A'")
        database.commit()
        database.close()
        report = self.run_one(mei)
        counts = report["report"]["target_comparison"]
        self.assertEqual((report["differences"], counts["different"], report["problems_opened"]), (1, 1, 1))
        self.assertIn("value_num is 318 here and 999 there", counts["differences"][0]["sentence"])
        rules = [problem["rule"] for problem in mei.ask("GET", "/problems?state=open").json["items"]]
        self.assertEqual(rules, ["differs-there"])
        self.assertEqual(self.run_one(mei)["problems_opened"], 0)

        address = f"/reconciliations/{report['id']}"
        status, headers, text = mei.take(address + "/text")
        self.assertEqual(status, 200)
        self.assertIn("attachment", headers["Content-Disposition"])
        self.assertEqual(hashlib.sha256(text).hexdigest(), report["sha256"])
        body = {"finding": "CD4A is asked of the site", "signature": mei.sign("reviewed")}
        self.assertEqual(mei.ask("POST", address + "/sign", body | {"finding": ""}).code, "reason-needed")
        self.assertEqual(self.person("vera").ask("POST", address + "/sign", body).status, 403)
        self.assertEqual(mei.ask("POST", address + "/sign", body).status, 200)
        self.assertEqual(mei.ask("POST", address + "/sign", body).code, "state-change-bad")
        signed = mei.ask("GET", address).json
        self.assertEqual((signed["signature"]["meaning"], signed["finding"]), ("reviewed", body["finding"]))
        signature = mei.ask("GET", f"/signatures/{signed['signature']['id']}").json
        content = json.dumps({"finding": body["finding"], "report_sha256": report["sha256"]}, separators=(",", ":"))
        self.assertEqual(signature["content_sha256"], hashlib.sha256(content.encode()).hexdigest())
        for name, status in [("whole", 200), ("near", 404)]:  # a report tells of all sites
            of_theirs = self.person(name).ask("GET", f"/signatures/{signature['id']}")
            self.assertEqual(of_theirs.status, status, name)
        self.assertIn(b"Signed electronically by mei", mei.take(address + "/text")[2])
        listed = self.person("vera").ask("GET", "/reconciliations").json["items"]
        self.assertEqual([row["id"] for row in listed], [3, 2, 1])

    def test_the_laboratorys_list_is_compared_and_not_kept(self):
        self.serve()
        mei = self.person("mei")
        header = "subject,sex,birth_date,visit,collected_at,accession,analyte,value,unit\n"
        line = f"{SUBJECT},F,{BIRTH},SCR,2024-01-10T08:10,E24011020,HIVVL,388,copies/mL\n"
        bad = {"study": STUDY, "target": "study", "list": {"name": "list.csv", "csv": "subject,analyt\nX,Y\n"}}
        refused = mei.ask("POST", "/reconciliations/run", bad)
        self.assertEqual(refused.status, 422)
        self.assertIn("list.csv:1:9", refused.json["detail"])
        self.assertEqual(mei.ask("POST", "/reconciliations/run", bad | {"target": "redcap"}).status, 404)
        report = self.run_one(mei, list={"name": "list.csv", "csv": header + line})
        self.assertEqual(report["report"]["list_comparison"]["header_differs"], 1)
        store = (self.server.data / "store.db").read_bytes() + (self.server.data / "store.db-wal").read_bytes()
        self.assertNotIn(line.strip().encode(), store)

    def test_what_a_server_left_undone_has_failed(self):
        self.serve()
        self.assertEqual(self.server.stop(), 0)
        store = sqlite3.connect(self.server.data / "store.db", timeout=PATIENCE)
        store.execute("INSERT INTO reconciliation(study, target, list_name, state, node, asked_by, asked_us) "
                      "VALUES (?, 'study', '', 'running', 0, 'mei', 1)", (STUDY,))
        store.commit()
        store.close()
        self.server.start()
        row, = self.person("mei").ask("GET", "/reconciliations").json["items"]
        self.assertEqual((row["state"], row["why"]), ("failed", "The server ended before it was done."))


class ExportTest(StudyEndTest):
    def more_people(self):
        return [("lim", "data-manager", "--study", STUDY, "--site", "QILU"),
                ("far", "data-manager", "--study", "NCT00000000")]

    def rows(self, person, path):
        status, headers, body = person.take(path)
        self.assertEqual(status, 200, body)
        return headers, list(csv.DictReader(io.StringIO(body.decode())))

    def test_data_sets_come_whole_and_audited(self):
        self.serve()
        mei = self.person("mei")
        offered, = mei.ask("GET", "/exports").json["items"]
        self.assertEqual((offered["study"], offered["odm"]), (STUDY, True))
        self.assertIn("CP", offered["domains"])
        headers, rows = self.rows(mei, f"/exports/sdtm?study={STUDY}&domain=CP&format=csv")
        self.assertIn("318", [row["CPSTRESN"] for row in rows])
        status, headers, body = mei.take(f"/exports/sdtm?study={STUDY}&domain=MB&format=xpt")
        self.assertEqual((status, headers["X-Labrelay-SHA256"]), (200, hashlib.sha256(body).hexdigest()))
        self.assertTrue(body.startswith(b"HEADER RECORD"))
        self.assertEqual(json.loads(mei.take(f"/exports/sdtm?study={STUDY}&domain=MB&format=json")[2])["datasetJSONVersion"],
                         "1.1.0")
        self.assertIn(b"FileType=\"Snapshot\"", mei.take(f"/exports/odm?study={STUDY}&snapshot=yes")[2])
        for path in ["sdtm?domain=CP", f"sdtm?study={STUDY}&domain=XX", "odm?study=NCT0"]:
            self.assertIn(mei.take(f"/exports/{path}")[0], (400, 404))
        self.assertEqual(self.person("vera").take(f"/exports/odm?study={STUDY}")[0], 403)
        actor, role, origin, _, study, _, after = self.audit("export")[0]
        self.assertEqual((actor, role, origin, study), ("mei", "data manager", "page", STUDY))
        self.assertEqual(json.loads(after)["rows"], len(rows))
        self.assertEqual(list(self.server.data.glob(".export-*")), [])

    def test_site_and_study_hold(self):
        self.serve()
        self.assertEqual(self.person("far").ask("GET", "/exports").json["items"], [])
        self.assertEqual(self.person("far").take(f"/exports/sdtm?study={STUDY}&domain=CP")[0], 404)
        _, rows = self.rows(self.person("lim"), f"/exports/sdtm?study={STUDY}&domain=CP")
        self.assertTrue(rows)
        self.assertFalse(json.loads(self.audit("export")[-1][-1])["whole"])

    def test_open_work_and_queries(self):
        self.serve()
        mei = self.person("mei")
        _, items = self.rows(mei, f"/exports/outstanding?study={STUDY}")
        self.assertIn((SUBJECT, "missing"), {(item["subject"], item["kind"]) for item in items})
        asked = mei.ask("POST", "/queries", {"subject": self.subject(mei)["id"], "recipient": "QILU",
                                             "text": "=Was blood drawn <fasting> & at 08:10?"})
        self.assertEqual(asked.status, 201, asked.text)
        _, queries = self.rows(mei, f"/exports/queries?study={STUDY}")
        self.assertEqual([(one["subject"], one["question"]) for one in queries],
                         [(SUBJECT, "'=Was blood drawn <fasting> & at 08:10?")])
        status, headers, odm = mei.take(f"/exports/queries?study={STUDY}&format=odm")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/xml"))
        self.assertIn(b"&lt;fasting&gt; &amp;", odm)
        schema = SCHEMAS / "odm-1.3.2" / "ODM1-3-2.xsd"
        if not schema.exists():
            self.skipTest("../shared/cases is not here")
        file = self.directory / "queries.xml"
        file.write_bytes(odm)
        checked = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", str(schema), str(file)],
                                 capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)


class BlindedExportTest(StudyEndTest):
    """HIV RNA is closed to data managers: it leaves in nothing that they take away or decide."""

    LOAD = "73731"

    def serve(self, *_):
        import shutil
        mappings = self.directory / "mappings"
        shutil.copytree(MAPPINGS, mappings)
        study = mappings / STUDY / "study.xml"
        text = study.read_text()
        at = text.index("<accept")
        study.write_text(text[:at] + '<blind analytes="HIVVL HIVVLLOG" roles="data-manager"/>\n  ' + text[at:])
        return super().serve(mappings)

    def test_nothing_closed_is_taken_away(self):
        self.serve()
        mei, ines = self.person("mei"), self.person("ines")
        for person, expected in [(mei, False), (ines, True)]:
            texts = [person.take(f"/exports/sdtm?study={STUDY}&domain={domain}&format=csv")[2]
                     for domain in ("LB", "CP", "MB", "IS")]
            texts.append(person.take(f"/exports/odm?study={STUDY}")[2])
            seen = [stands_in(self.LOAD, text.decode()) for text in texts]
            self.assertEqual(any(seen), expected, seen)
        self.assertIn(b"318", mei.take(f"/exports/sdtm?study={STUDY}&domain=CP&format=csv")[2])
        self.assertNotIn(b"HIVVL", mei.take(f"/exports/outstanding?study={STUDY}")[2])
        # A report tells all of a study, so it is not for them.
        self.assertEqual(mei.ask("POST", "/reconciliations/run", {"study": STUDY, "target": "study"}).status, 404)

    def test_a_lock_does_not_tell_what_is_closed(self):
        self.serve()
        mei = self.person("mei")
        subject = self.subject(mei)["id"]
        self.send(results("LK2", "202401121500", "1200", "X"))  # cancelled: HIV RNA is missing now
        standing = mei.ask("GET", f"/locks/outstanding?study={STUDY}&subject={subject}&visit=SCR").json
        self.assertNotIn("HIVVL", json.dumps(standing))
        body = {"study": STUDY, "subject": subject, "visit": "SCR", "reason": "visit reviewed",
                "accept": [item["id"] for item in standing["items"]], "signature": mei.sign()}
        refused = mei.ask("POST", "/locks/lock", body)
        self.assertEqual((refused.code, standing["closed"]), ("lock-outstanding", True))
        self.assertNotIn("HIVVL", refused.text)


class ImportTest(StudyEndTest):
    HEADER = "study,site,screening_no,identifiers,sex,birth_date\n"

    def ask(self, person, path, csv_text, **more):
        return person.ask("POST", f"/registry/{path}", {"kind": "subjects", "name": "new.csv", "csv": csv_text} | more)

    def test_what_was_looked_at_is_imported(self):
        self.serve()
        mei = self.person("mei")
        text = self.HEADER + f"{STUDY},QILU,SCR-777,QILU-MRN:00777777,F,1985\n" \
            + f"{STUDY},QILU,{SUBJECT},,,\n"
        plan = self.ask(mei, "preview", text)
        self.assertEqual(plan.status, 200, plan.text)
        self.assertEqual((plan.json["new"], plan.json["changed"], plan.json["unchanged"]), (1, 0, 1))
        row, = plan.json["rows"]
        self.assertEqual((row["line"], row["what"], row["new"]), (2, "SCR-777", True))
        self.assertIn("birth_date", row["added"])
        self.assertNotIn("00777777", plan.text)
        self.assertEqual(mei.ask("GET", "/subjects?q=SCR-777").json["items"], [])
        digest = plan.json["digest"]
        self.assertEqual(self.ask(mei, "import", text).code, "precondition-needed")
        self.assertEqual(self.ask(mei, "import", text, digest=digest).code, "reason-needed")
        other = self.ask(mei, "import", text.replace("1985", "1986"), digest=digest, reason="list of the site")
        self.assertEqual(other.code, "precondition-failed")
        done = self.ask(mei, "import", text, digest=digest, reason="list of the site")
        self.assertEqual(done.status, 200, done.text)
        self.assertIn("1 new", done.json["told"])
        self.assertEqual(len(mei.ask("GET", "/subjects?q=SCR-777").json["items"]), 1)
        actor, role, origin, _, _, reason, _ = self.audit("registry")[-1]
        self.assertEqual((actor, role, origin, reason), ("mei", "data manager", "page", "list of the site (new.csv)"))

    def test_every_error_has_its_line(self):
        self.serve()
        mei = self.person("mei")
        bad = self.HEADER + f"{STUDY},QILU,SCR-777,MRN,F,1985-99\n" + f"{STUDY},MARS,SCR-778,,F,\n"
        plan = self.ask(mei, "preview", bad).json
        self.assertEqual([error["line"] for error in plan["errors"]], [2, 2, 3])
        # Two rows that contradict what is known: both are named.
        known = self.HEADER + f"{STUDY},QILU,{SUBJECT},,F,\n" + f"{STUDY},QILU,SCR-779,QILU-MRN:{MRN},M,\n"
        plan = self.ask(mei, "preview", known).json
        self.assertEqual([(error["line"], error["code"]) for error in plan["errors"]],
                         [(2, "registry-conflict"), (3, "registry-conflict")])
        self.assertEqual(self.ask(mei, "import", known, digest=plan["digest"], reason="x").code, "registry-conflict")

    def more_people(self):
        return [("far", "data-manager", "--study", STUDY, "--site", "ELSEWHERE")]

    def test_only_of_ones_own_sites(self):
        self.serve()
        far = self.person("far")
        text = self.HEADER + f"{STUDY},QILU,SCR-777,,F,1985\n"
        plan = self.ask(far, "preview", text).json
        self.assertEqual(([error["code"] for error in plan["errors"]], plan["rows"]), (["forbidden"], []))
        self.assertEqual(self.ask(far, "import", text, digest=plan["digest"], reason="x").status, 403)


class AccessTest(StudyEndTest):
    def test_a_review_is_signed_for_what_stood_there(self):
        self.serve()
        ada, ines = self.person("ada"), self.person("ines")
        now = ada.ask("GET", "/access/review").json
        names = {account["name"]: account for account in now["accounts"]}
        self.assertEqual(set(names), {"mei", "omar", "vera", "ada", "ines"})
        self.assertIsNotNone(names["ada"]["last_sign_in"])
        self.assertIsNone(names["mei"]["last_sign_in"])
        self.assertEqual(names["mei"]["grants"][0]["training"], TRAINING)
        self.assertFalse(now["due"])
        body = {"seen": now["sha256"], "finding": "as it should be", "signature": ines.sign("reviewed")}
        self.assertEqual(self.person("mei").ask("POST", "/access/reviews", body).status, 403)
        self.assertEqual(ines.ask("POST", "/access/reviews", body | {"finding": ""}).code, "reason-needed")
        self.assertEqual(ines.ask("POST", "/access/reviews", body | {"seen": "0" * 64}).code, "precondition-failed")
        made = ines.ask("POST", "/access/reviews", body)
        self.assertEqual(made.status, 201, made.text)
        review = ines.ask("GET", f"/access/reviews/{made.json['id']}").json
        self.assertEqual([account["name"] for account in review["accounts"]],
                         [account["name"] for account in now["accounts"]])
        canonical = json.dumps(review["accounts"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(hashlib.sha256(canonical.encode()).hexdigest(), now["sha256"])
        # A role ends: what was seen is another now.
        account = names["omar"]["id"]
        grant = ada.ask("GET", f"/accounts/{account}").json["grants"][0]["id"]
        ada.ask("DELETE", f"/accounts/{account}/grants/{grant}", {"reason": "leaves"})
        self.assertEqual(ines.ask("POST", "/access/reviews", body).code, "precondition-failed")
        self.assertEqual(self.audit("access-review")[0][:3], ("ines", "inspector", "page"))

    def test_who_saw_identity_is_counted_by_month(self):
        self.serve()
        mei, ines = self.person("mei"), self.person("ines")
        subject = self.subject(mei)["id"]
        for person, reason in [(mei, "call from the site"), (mei, "call from the site"), (ines, "=inspection")]:
            self.assertEqual(person.ask("POST", f"/subjects/{subject}/reveal", {"reason": reason}).status, 200)
        report = self.person("ada").ask("GET", "/reveals").json
        self.assertEqual(report["total"], 3)
        self.assertEqual({item["actor"]: (item["count"], item["reasons"]) for item in report["items"]},
                         {"mei": (2, [{"reason": "call from the site", "count": 2}]),
                          "ines": (1, [{"reason": "=inspection", "count": 1}])})
        self.assertEqual(ines.ask("GET", "/reveals?month=2020-01").json["total"], 0)
        self.assertEqual(ines.ask("GET", "/reveals?month=2020-13").status, 400)
        self.assertEqual(self.person("vera").ask("GET", "/reveals").status, 403)
        status, _, text = ines.take("/reveals/file?format=csv")
        self.assertEqual(status, 200)
        rows = list(csv.reader(io.StringIO(text.decode())))
        self.assertEqual([row[1] for row in rows[1:4]], ["ines", "mei", "mei"])
        self.assertEqual(rows[1][5], "'=inspection")
        self.assertEqual(rows[-1][:3], ["total", "mei", "2"])
        html = ines.take("/reveals/file?format=html")[2].decode()
        self.assertIn("call from the site", html)
        self.assertEqual(len(self.audit("export")), 2)


class ReachTest(StudyEndTest):
    def more_people(self):
        return [("near", "inspector", "--study", STUDY, "--site", "QILU"),
                ("far", "inspector", "--study", STUDY, "--site", "ELSEWHERE")]

    def test_who_saw_identity_is_told_of_ones_own_sites(self):
        self.serve()
        mei = self.person("mei")
        subject = self.subject(mei)["id"]
        told = mei.ask("POST", f"/subjects/{subject}/reveal", {"reason": "call from the site"})
        self.assertEqual(told.status, 200, told.text)
        for name, count in [("near", 1), ("far", 0)]:
            person = self.person(name)
            self.assertEqual(person.ask("GET", "/reveals").json["total"], count)
            text = person.take("/reveals/file?format=csv")[2].decode()
            self.assertEqual("call from the site" in text, count == 1, text)


if __name__ == "__main__":
    labrelay_process.main()
