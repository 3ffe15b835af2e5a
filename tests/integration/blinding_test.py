"""R23: what is closed to somebody is in no answer that they get.

A store whose closed analyte came with a marked value, under a marked code; with problems, repairs, questions,
approvals, critical values and an audit trail about it, all made by somebody to whom it is open. Then everybody
to whom it is closed asks everything that the server says can be asked, and every file that can be taken away:
no answer holds a mark. A route that is added later comes under this by itself.
"""

import http.client
import json
import re
import shutil
import sqlite3
import subprocess
import time

import labrelay_process
from console_client import Person
from labrelay_process import MAPPINGS, PATIENCE, SOURCE, Labrelay, stands_in

SUBJECTS = SOURCE / "samples" / "backfill" / "subjects.csv"
STUDY = "NCT05872659"
MRN = "00482020"
PASSWORD = "seventeen red pencils"
BLINDED = ["viewer", "mapper", "inspector", "administrator"]

# Each stands once in what is sent, as a value, a word or a code of the closed analytes.
VALUE = "73731"
UNMAPPED_VALUE = "84842"
WORD = "MARKWORD"
CODE = "MARKCODE"
CRITICAL = "6.797"
MARKS = [VALUE, UNMAPPED_VALUE, WORD, CODE, CRITICAL]
# What a configuration says is no result; its files hold the code for whoever may read mappings.
CONFIGURATION = ("/config", "/mappings")


def message(control_id, patient, *results):
    lines = [f"MSH|^~\\&|LIS-EN|QILU|LABRELAY|QILU|20240110150000||ORU^R01^ORU_R01|{control_id}|P|2.5.1",
             f"PID|1||{patient}^^^QILU^MR||||19790418|M",
             f"OBR|1|P{control_id}|E{control_id}|PANEL^Panel^L|||202401100810|||||||||||||||202401101500|||F"]
    lines += [f"OBX|{number}|{kind}|{code}||{value}|{unit}|||||F"
              for number, (kind, code, value, unit) in enumerate(results, 1)]
    return "\r".join([*lines, ""]).encode()


class BlindingTest(labrelay_process.IntegrationTest):
    def blinded_mappings(self):
        mappings = self.directory / "mappings"
        shutil.copytree(MAPPINGS, mappings)
        study = mappings / STUDY / "study.xml"
        text = study.read_text()
        # An administrator sees no results: what is closed to others is closed to them unnamed.
        roles = " ".join(role.replace(" ", "-") for role in BLINDED if role != "administrator")
        study.write_text(text.replace("<accept", f'<blind analytes="HIVVL K" roles="{roles}"/>\n  <accept', 1))
        source = mappings / "sources" / "lis-english.xml"
        text = source.read_text()
        line = f'<observation code="{CODE}" system="L" analyte="HIVVL" spelled="copies/mL"/>'
        source.write_text(text.replace("<observation ", line + "\n  <observation ", 1))
        return mappings

    def user(self, server, name, role, *reach):
        done = subprocess.run(
            [Labrelay.binary, "user", "add", name, "--role", role.replace(" ", "-"), "--training",
             "2026-11-20 SOP-12", "--own", *reach, "--data", str(server.data)],
            input=PASSWORD + "\n", capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def person(self, server, name):
        person = Person(server.ready["http"]["port"])
        reply = person.sign_in(name, PASSWORD)
        self.assertEqual(reply.status, 200, reply.text)
        return person

    def wait_until(self, server, what):
        limit = time.monotonic() + PATIENCE
        while not (found := what()):
            self.assertLess(time.monotonic(), limit, server.diagnostics())
            self.assertIsNone(server.ended_within(0.05), server.diagnostics())
        return found

    def column(self, server, statement):
        store = sqlite3.connect(f"file:{server.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
        values = [row[0] for row in store.execute(statement)]
        store.close()
        return values

    def send(self, server, *sent):
        with server.connect() as connection:
            for each in sent:
                self.assertEqual(connection.exchange(each).code, "AA")
        server.settle(delivered=False)

    def said(self, person, method, path, body, *statuses):
        reply = person.ask(method, path, body)
        self.assertIn(reply.status, statuses or (200, 201, 202), f"{path}: {reply.text}")
        return reply.json

    def problem(self, person, rule):
        found = [one for one in person.ask("GET", "/problems?limit=500").json["items"] if one["rule"] == rule]
        return found[0]["id"] if found else None

    def fill(self, server, dana):
        """Everything that there can be about a closed result."""
        viral = ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "copies/mL")
        self.send(server,
                  message("C1", MRN, viral, ("NM", "24467-3^CD4 Count^LN", "318", "cells/uL")),
                  message("C2", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "furlongs"),
                          ("NM", "24467-3^CD4 Count^LN", "319", "furlongs"),
                          ("NM", "NEWCODE^New^L", UNMAPPED_VALUE, "U")),
                  message("C3", "00977077", viral, ("NM", "24467-3^CD4 Count^LN", "320", "cells/uL")),
                  message("C4", MRN, ("ST", "25836-8^HIV-1 RNA^LN", WORD, "copies/mL")),
                  message("C5", MRN, ("NM", f"{CODE}^HIV-1 RNA^L", VALUE, "copies/mL")),
                  message("C6", MRN, ("NM", "2823-3^^LN", CRITICAL, "mmol/L")))
        for rule in ("unknown-unit", "value-unreadable", "unknown-subject", "unknown-code"):
            self.wait_until(server, lambda: self.problem(dana, rule))
        unreadable = self.problem(dana, "value-unreadable")
        unknown = self.problem(dana, "unknown-subject")
        self.said(dana, "POST", f"/problems/{unreadable}/comments", {"text": f"HIVVL was {VALUE} before"})
        self.said(dana, "POST", f"/problems/{unknown}/comments", {"text": f"the {CODE} of it is odd"})
        self.said(dana, "POST", "/queries",
                  {"problem": int(unreadable), "recipient": "lab", "text": f"What does {WORD} mean?"})
        lesson = {"kind": "teach-word", "source": "lis-english", "word": WORD, "meaning": "not detected",
                  "reason": f"{WORD} is how HIVVL is written"}
        asked = self.said(dana, "POST", f"/problems/{unreadable}/repairs", lesson)
        self.assertTrue(asked["approval"])
        subject = self.column(server, "SELECT subject_id FROM subject WHERE stable_key = 'SCR-020'")[0]
        done = self.said(dana, "POST", f"/problems/{unknown}/repairs",
                         {"kind": "link-subject", "subject": subject, "reason": "by telephone"})
        self.assertTrue(done["job"])
        server.settle(delivered=False)
        critical = self.wait_until(server, lambda: dana.ask("GET", "/critical").json["items"])
        self.wait_until(server, lambda: self.column(server, "SELECT 1 FROM incident WHERE kind = 'critical-value'"))
        self.said(dana, "POST", f"/critical/{critical[0]['id']}/acknowledge", {"note": f"K of {CRITICAL} told"})
        self.said(dana, "GET", "/audit/export?format=json", None)

    def addresses(self, server, dana):
        """Every address that can be asked, with everything that there is in its place."""
        document = dana.ask("GET", "/openapi.json").json
        ids = {"/problems/": self.column(server, "SELECT problem_id FROM problem"),
               "/messages/": [one["message_id"] for one in dana.ask("GET", "/messages?limit=500").json["items"]],
               "/subjects/": self.column(server, "SELECT subject_id FROM subject"),
               "/eligibility/": self.column(server, "SELECT subject_id FROM subject"),
               "/sources/": ["lis-english"],
               "/jobs/": self.column(server, "SELECT repair_id FROM repair_job"),
               "/approvals/": self.column(server, "SELECT approval_id FROM approval"),
               "/queries/": self.column(server, "SELECT query_id FROM site_query"),
               "/results/": [f"{subject}-{number}" for subject in self.column(
                   server, "SELECT DISTINCT subject_id FROM result") for number in range(1, 12)]}
        problems = ids["/problems/"]
        for path, operations in document["paths"].items():
            if "get" not in operations:
                continue
            path = path.removeprefix("/api/v1")
            known = next((values for begins, values in ids.items() if path.startswith(begins) and "{" in path), ["1"])
            for each in known:
                address = re.sub(r"\{[^}]*\}", str(each), path)
                yield path, address + "?limit=500&analytes=HIVVL,CD4A,K,HIVVLLOG"
                for state in ("all", "open", "resolved", "dismissed", "in%20review", "pending", "applied"):
                    yield path, address + "?limit=500&state=" + state
                for kind in ("csv", "json", "html") if "export" in path else ():
                    yield path, address + "?format=" + kind
                for problem in problems if path in ("/jobs", "/queries", "/queries/templates") else ():
                    yield path, address + f"?problem={problem}"
                for word in MARKS if path in ("/problems", "/search", "/audit") else ():
                    yield path, address + "?q=" + word

    def test_no_answer_holds_what_is_closed(self):
        server = self.labrelay(mappings=self.blinded_mappings(), settings=["alarms.interval=1"])
        for role in ["data manager", *BLINDED]:
            self.user(server, role.replace(" ", "_"), role)
        server.start()
        server.import_registry("subjects", SUBJECTS)
        dana = self.person(server, "data_manager")
        self.fill(server, dana)
        addresses = list(self.addresses(server, dana))
        open_to_her = [dana.ask("GET", address).text for path, address in addresses]
        seen = {mark for text in open_to_her for mark in MARKS if stands_in(mark, text)}
        self.assertEqual(seen, set(MARKS), "to whom it is open it is shown: else this test proves nothing")
        for role in BLINDED:
            person = self.person(server, role)
            answered = 0
            for path, address in addresses:
                reply = person.ask("GET", address)
                answered += reply.status == 200
                for mark in MARKS:
                    asked_for = f"q={mark}" in address and reply.status != 200
                    if mark == CODE and path.startswith(CONFIGURATION) or asked_for:
                        continue
                    self.assertFalse(stands_in(mark, reply.text), f"{role} reads {mark} in {address}: {reply.text}")
            self.assertGreater(answered, 20, role)

    def test_what_is_closed_counts_nowhere(self):
        server = self.labrelay(mappings=self.blinded_mappings())
        for role in ("data manager", "inspector"):
            self.user(server, role.replace(" ", "_"), role)
        server.start()
        server.import_registry("subjects", SUBJECTS)
        self.send(server, message("C1", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "copies/mL"),
                                  ("NM", "24467-3^CD4 Count^LN", "318", "cells/uL")),
                  message("C2", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "furlongs")))
        dana, ines = self.person(server, "data_manager"), self.person(server, "inspector")
        self.wait_until(server, lambda: self.problem(dana, "unknown-unit"))
        self.assertIsNone(self.problem(ines, "unknown-unit"))
        for person, name, count in ((dana, "data_manager", 1), (ines, "inspector", 0)):
            self.assertEqual(person.ask("GET", "/me").json["open_problems"], count)
            signed_in = Person(server.ready["http"]["port"]).sign_in(name, PASSWORD).json
            self.assertEqual(signed_in["open_problems"], count)
        day = self.column(server, "SELECT max(received_us) / 86400000000 FROM message")[0]
        at = time.strftime("%Y-%m-%d", time.gmtime(day * 86400))
        rows = {}
        for name, person in (("open", dana), ("closed", ines)):
            traffic = person.ask("GET", f"/traffic?day={at}").json
            rows[name] = next(row for row in traffic["balance"] if row["source"] == "lis-english")
            held = next(one["held_24h"] for one in traffic["sources"] if one["id"] == "lis-english")
            self.assertEqual(held, 1 if name == "open" else 0)
            self.assertTrue(rows[name]["balanced"])
        self.assertEqual([rows["open"][key] for key in ("received", "stored", "held")], [3, 2, 1])
        self.assertEqual([rows["closed"][key] for key in ("received", "stored", "held")], [1, 1, 0])
        self.assertEqual(rows["closed"]["held_by_rule"], [])
        # Nor does the state of a message tell that something closed is held in it.
        for person, state in ((dana, "held"), (ines, "processed")):
            found = {one["control_id"]: (one["message_id"], one["state"])
                     for one in person.ask("GET", "/messages").json["items"]}
            self.assertEqual({name: said for name, (_, said) in found.items()}, {"C1": "processed", "C2": state})
            held = found["C2"][0]
            self.assertEqual(person.ask("GET", f"/messages/{held}").json["state"], state)
            self.assertIn(f"lis-english, {state}, ", person.ask("GET", "/search?q=C2").json["items"][0]["detail"])
            for by in ("", "&control_id=C2"):
                for asked in ("held", "processed"):
                    items = person.ask("GET", f"/messages?state={asked}{by}").json["items"]
                    self.assertEqual(held in [one["message_id"] for one in items], asked == state, asked + by)
        listed = {one["control_id"]: one["counts"] for one in ines.ask("GET", "/messages").json["items"]}
        self.assertEqual(listed["C1"], {"received": 1, "stored": 1, "held": 0, "ignored": 0})
        self.assertEqual(listed["C2"], {"received": 0, "stored": 0, "held": 0, "ignored": 0})

    def told(self, person, event):
        """What the first event of the name says in a stream of events."""
        connection = http.client.HTTPConnection("127.0.0.1", person.port, timeout=PATIENCE)
        connection.request("GET", "/api/v1/events", headers={"Cookie": person.cookie})
        stream = connection.getresponse()
        try:
            lines = iter(stream.readline, b"")
            self.assertTrue(any(line == f"event: {event}\n".encode() for line in lines), event)
            return json.loads(stream.readline().removeprefix(b"data: "))
        finally:
            connection.close()

    def test_open_problems_are_those_of_the_list(self):
        server = self.labrelay(mappings=self.blinded_mappings())
        for name, role, *reach in (("dana", "data manager"), ("ines", "inspector"),
                                   ("studious", "data manager", "--study", STUDY)):
            self.user(server, name, role, *reach)
        server.start()
        server.import_registry("subjects", SUBJECTS)
        self.send(server, message("C1", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "furlongs")),
                  message("C2", MRN, ("ST", "24467-3^CD4 Count^LN", WORD, "cells/uL")))
        people = {name: self.person(server, name) for name in ("dana", "ines", "studious")}
        for rule in ("unknown-unit", "value-unreadable"):
            self.wait_until(server, lambda: self.problem(people["dana"], rule))

        def counts():
            found = {}
            for name, person in people.items():
                listed = person.ask("GET", "/problems").json["counts"]["open"]
                self.assertEqual(person.ask("GET", "/me").json["open_problems"], listed, name)
                self.assertEqual(self.told(person, "problems")["open"], listed, name)
                found[name] = listed
            return found

        self.assertEqual(counts(), {"dana": 2, "ines": 1, "studious": 2})
        address = "/problems/" + self.problem(people["dana"], "value-unreadable")
        match = {"If-Match": '"' + people["dana"].ask("GET", address).json["etag"] + '"'}
        reply = people["dana"].ask("PATCH", address, {"state": "in review", "reason": "looked at"}, match)
        self.assertEqual(reply.status, 200, reply.text)
        self.assertEqual(counts(), {"dana": 1, "ines": 0, "studious": 1})

    def test_what_a_message_is_compared_with_tells_nothing_closed(self):
        server = self.labrelay(mappings=self.blinded_mappings())
        for role in ("data manager", "inspector"):
            self.user(server, role.replace(" ", "_"), role)
        server.start()
        server.import_registry("subjects", SUBJECTS)
        viral = "25836-8^HIV-1 RNA^LN"
        self.send(server, message("C1", MRN, ("NM", viral, VALUE, "copies/mL")),
                  message("C2", MRN, ("NM", "2823-3^^LN", "4.1", "mmol/L")),
                  message("C3", MRN, ("NM", viral, VALUE, "furlongs")),
                  message("C4", MRN, ("NM", viral, VALUE, "copies/mL")))
        # To whom both are open, the one that was not held and is of the same code; to whom they are
        # closed, each of them went through and none is of a code.
        for name, others in (("data_manager", {"C3": "C1", "C4": "C1"}), ("inspector", {"C3": "C2", "C4": "C3"})):
            person = self.person(server, name)
            ids = {one["control_id"]: one["message_id"] for one in person.ask("GET", "/messages").json["items"]}
            found = {each: person.ask("GET", f"/messages/{ids[each]}/diff/last-good").json["other"]["control_id"]
                     for each in others}
            self.assertEqual(found, others, name)

    def test_the_effect_of_a_configuration_counts_nothing_closed(self):
        server = self.labrelay(mappings=self.blinded_mappings())
        for role in ("data manager", "mapper"):
            self.user(server, role.replace(" ", "_"), role)
        server.start()
        server.import_registry("subjects", SUBJECTS)
        self.send(server, message("C1", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "furlongs"),
                                  ("NM", "24467-3^CD4 Count^LN", "319", "furlongs"),
                                  ("NM", "NEWCODE^New^L", UNMAPPED_VALUE, "copies/mL")),
                  message("C2", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "furlongs")))
        dana, jonas = self.person(server, "data_manager"), self.person(server, "mapper")
        for rule in ("unknown-unit", "unknown-code"):
            self.wait_until(server, lambda: self.problem(dana, rule))
        self.assertEqual(self.column(server, "SELECT count(*) FROM hold WHERE released_us IS NULL"), [4])
        name = "sources/lis-english.xml"
        text = jonas.ask("GET", f"/config/active/files/{name}").text

        def effect(line):
            files = [{"name": name, "text": text.replace("<observation ", line + "\n  <observation ", 1)}]
            return self.said(jonas, "POST", "/config/effect", {"files": files})

        # Nothing of what is held changes: what is closed is neither tried nor still held.
        unchanged = effect('<observation code="OTHER" system="L" analyte="UREA"/>')
        self.assertEqual([unchanged[key] for key in ("total", "sampled", "would_store", "still_held", "ignored")],
                         [2, 2, 0, 2, 0], unchanged)
        self.assertEqual({each["rule"]: each["count"] for each in unchanged["still"]},
                         {"unknown-unit": 1, "unknown-code": 1})
        # A code that is taught as a closed analyte is closed before it is stored.
        taught = effect('<observation code="NEWCODE" system="L" analyte="HIVVL" spelled="copies/mL"/>')
        self.assertEqual([taught[key] for key in ("total", "sampled", "would_store", "still_held", "ignored")],
                         [1, 1, 0, 1, 0], taught)
        self.assertEqual(taught["examples"], [])
        self.assertEqual(taught["changes_delivered"], 0)

    def test_neither_length_nor_type_of_a_closed_value_is_told(self):
        server = self.labrelay(mappings=self.blinded_mappings())
        self.user(server, "inspector", "inspector")
        server.start()
        server.import_registry("subjects", SUBJECTS)
        viral = "25836-8^HIV-1 RNA^LN"
        self.send(server, message("C1", MRN, ("NM", viral, "42", "copies/mL")),
                  message("C2", MRN, ("NM", viral, "4200000", "copies/mL")),
                  message("C3", MRN, ("SN", viral, "<^50", "copies/mL")),
                  message("C4", MRN, ("ST", viral, "<50", "copies/mL")))
        ines = self.person(server, "inspector")
        messages = [each["message_id"] for each in ines.ask("GET", "/messages").json["items"]]
        self.assertEqual(len(messages), 4)
        same = re.compile(r"C[1-4]")
        for view in ("", "/raw", "/bytes"):
            replies = [ines.ask("GET", f"/messages/{each}{view}") for each in messages]
            self.assertEqual([reply.status for reply in replies], [200] * 4)
            parts = [reply.json if not view else {"text": reply.text} for reply in replies]
            for key in ("segments", "observations", "findings", "size", "sha256", "text"):
                texts = {same.sub("", json.dumps(part.get(key))) for part in parts}
                self.assertEqual(len(texts), 1, f"{view} {key} {texts}")
            if view:
                mark = "•••" if view == "/raw" else "***"
                self.assertIn(f"\rOBX|1|{mark}\r", parts[0]["text"])
        for each in messages:
            diff = ines.ask("GET", f"/messages/{each}/diff/last-good").json
            if diff["other"]:
                self.assertEqual([line["kind"] for line in diff["segments"] if line["id"] == "OBX"], ["same"])

    def test_a_lineage_tells_neither_size_nor_digest_of_a_message_with_a_closed_result(self):
        server = self.labrelay(mappings=self.blinded_mappings())
        for role in ("data manager", "inspector"):
            self.user(server, role.replace(" ", "_"), role)
        server.start()
        server.import_registry("subjects", SUBJECTS)
        open_result = ("NM", "24467-3^CD4 Count^LN", "318", "cells/uL")
        self.send(server, message("C1", MRN, ("NM", "25836-8^HIV-1 RNA^LN", VALUE, "copies/mL"), open_result))
        dana, ines = self.person(server, "data_manager"), self.person(server, "inspector")
        known = dana.ask("GET", "/messages").json["items"][0]["message_id"]
        digest = dana.ask("GET", f"/messages/{known}").json["sha256"]
        self.assertEqual(len(digest), 64)
        results = self.column(server, "SELECT subject_id || '-' || number FROM result")
        replies = {person: [person.ask("GET", f"/results/{each}/lineage") for each in results]
                   for person in (dana, ines)}
        for reply in replies[dana]:
            self.assertIn(digest, reply.text)
        seen = [reply for reply in replies[ines] if reply.status == 200]
        self.assertEqual(len(seen), 1, "the CD4 count")
        self.assertNotIn(digest, seen[0].text)
        bytes_step = seen[0].json["steps"][0]
        self.assertEqual(bytes_step["kind"], "bytes")
        self.assertEqual(bytes_step["text"],
                         "from lis-english; their number and digest would tell of what is closed to you")


if __name__ == "__main__":
    labrelay_process.main()
