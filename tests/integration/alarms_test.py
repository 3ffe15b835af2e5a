"""Alarms of a running server: who is told, how, what happens where a channel does not take it; critical values."""

import email
import hashlib
import hmac
import json
import os
import queue
import sqlite3
import time
import urllib.error
import urllib.request

import labrelay_process
from alarm_stubs import MailStub, SyslogStub, WebhookStub, make_certificate, server_context
from labrelay_process import PATIENCE, SOURCE, stands_in

SUBJECTS = SOURCE / "samples" / "backfill" / "subjects.csv"
MRN = "00482020"
KEY = "a key that both sides know"
PASSWORD = "correct horse"


def potassium(control_id, value, patient=MRN):
    return "\r".join([
        f"MSH|^~\\&|LIS-EN|QILU|LABRELAY|QILU|20240110150000||ORU^R01^ORU_R01|{control_id}|P|2.5.1",
        f"PID|1||{patient}||||19790418|M",
        f"OBR|1|P24011020|E24{control_id}|PANEL^Panel^L|||202401100810|||||||||||||||202401101500|||F",
        f"OBX|1|NM|2823-3^^LN||{value}|mmol/L|||||F", ""]).encode()


class AlarmsTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.certificate, self.key = make_certificate(self.directory)
        self.context = server_context(self.certificate, self.key)

    def secret(self, name, text):
        file = self.directory / name
        file.write_text(text + "\n")
        os.chmod(file, 0o600)
        return file

    def stub(self, stub):
        self.addCleanup(stub.close)
        return stub

    def webhook_settings(self, hook, name="hook", scheme="https"):
        return [f"alarm.{name}.kind=webhook", f"alarm.{name}.url={scheme}://127.0.0.1:{hook.port}/x",
                f"alarm.{name}.ca={self.certificate}", f"alarm.{name}.secret_file={self.secret(name + '.key', KEY)}"]

    def mail_settings(self, mail):
        return ["alarm.mail.kind=mail", f"alarm.mail.url=smtp://localhost:{mail.port}",
                f"alarm.mail.ca={self.certificate}", "alarm.mail.from=labrelay@example.org",
                "alarm.mail.to=dm@example.org nurse@example.org", "alarm.mail.user=labrelay",
                f"alarm.mail.secret_file={self.secret('mail.key', PASSWORD)}"]

    def serve(self, *settings):
        server = self.labrelay(settings=["alarms.interval=1", "console.url=https://labrelay.example.org", *settings])
        server.start()
        server.import_registry("subjects", SUBJECTS)
        return server

    def api(self, server, method, path, body=None, status=200):
        address = json.loads((server.data / "server.json").read_text())
        request = urllib.request.Request(
            f"http://127.0.0.1:{address['http_port']}/api/v1{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + address["token"], "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                code, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            code, text = error.code, error.read()
        self.assertEqual(code, status, text)
        return json.loads(text)

    def send(self, server, message):
        with server.connect() as connection:
            self.assertEqual(connection.exchange(message).code, "AA")

    def wait_until(self, server, what):
        limit = time.monotonic() + PATIENCE
        while not (found := what()):
            self.assertLess(time.monotonic(), limit, server.diagnostics())
            self.assertIsNone(server.ended_within(0.05), server.diagnostics())
        return found

    def next_hook(self, hook, kind, state="open"):
        """The next notice of this kind and state; others may come between, and one that was told may come twice."""
        while True:
            signature, body = hook.kept.get(timeout=PATIENCE)
            expected = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
            self.assertEqual(signature, "sha256=" + expected)
            notice = json.loads(body)
            if (notice["kind"], notice["state"]) == (kind, state):
                return notice

    def next_mail(self, mail, words):
        """The body of the next mail that says the words."""
        while True:
            text = mail.kept.get(timeout=PATIENCE)[2]
            body = email.message_from_string(text).get_payload(decode=True).decode()
            if words in body:
                return body

    def next_log(self, log, words):
        while words not in (line := log.kept.get(timeout=PATIENCE)):
            pass
        return line

    def test_a_tampered_audit_trail_is_found_by_the_server_itself_and_told(self):
        hook = self.stub(WebhookStub(self.context))
        server = self.serve(*self.webhook_settings(hook))
        self.send(server, potassium("K1", "4.1"))
        self.assertEqual(server.stop(), 0)
        edit = "UPDATE audit SET actor = 'boris' WHERE audit_id = 2"
        with sqlite3.connect(server.data / "store.db") as store:
            before = store.execute("SELECT actor FROM audit WHERE audit_id = 2").fetchone()[0]
            store.execute(edit)
        server.start()
        notice = self.next_hook(hook, "audit-broken")
        self.assertEqual(notice["object"], "the audit trail")
        self.assertIn("Its first bad row is 2: its hash is not that of what it says", notice["text"])
        self.assertTrue(notice["advice"].startswith("Keep the database"), notice["advice"])
        self.assertEqual(notice["url"], "https://labrelay.example.org/audit")
        self.assertEqual(server.stop(), 0)
        with sqlite3.connect(server.data / "store.db") as store:
            store.execute(edit.replace("boris", before))
        server.start()
        self.next_hook(hook, "audit-broken", "over")

    def test_a_critical_value_is_told_at_once_and_acknowledged(self):
        hook = self.stub(WebhookStub(self.context))
        mail = self.stub(MailStub(self.context, "labrelay", PASSWORD))
        log = self.stub(SyslogStub())
        server = self.serve(
            *self.webhook_settings(hook), *self.mail_settings(mail), "alarm.mail.about=critical",
            "alarm.mail.study=NCT05872659", "alarm.log.kind=syslog", f"alarm.log.url=udp://127.0.0.1:{log.port}",
            "alarm.log.about=critical")
        self.send(server, potassium("K1", "6.5", f"{MRN}^^^QILU^MR"))
        notice = self.next_hook(hook, "critical-value")
        self.assertIs(notice["urgent"], True)
        self.assertIn("arrived for SCR-020 from source lis-english", notice["text"])
        self.assertEqual(notice["url"], "https://labrelay.example.org/critical")

        sender, recipients, text, encrypted = mail.kept.get(timeout=PATIENCE)
        self.assertTrue(encrypted)
        self.assertEqual((sender, recipients), ("FROM:<labrelay@example.org>",
                                                ["TO:<dm@example.org>", "TO:<nurse@example.org>"]))
        body = email.message_from_string(text).get_payload(decode=True).decode()
        self.assertTrue(body.startswith("Tell whoever is responsible for the participant now"), body)
        self.assertIn("SCR-020", body)
        logged = log.kept.get(timeout=PATIENCE)
        self.assertTrue(logged.startswith("<25>1 "), logged)
        for said in (json.dumps(notice), text, body, logged):
            for identity in (MRN, "6.5", "1979", PASSWORD, KEY):
                self.assertFalse(stands_in(identity, said), f"{identity} in {said}")

        self.edit_store(server, "UPDATE critical_value SET at_us = at_us - 31 * 60000000")
        late = self.next_hook(hook, "critical-unacknowledged")
        # A minute more for each that it took to get here.
        self.assertRegex(late["text"], r"for SCR-020 is not acknowledged since 3\d min")
        self.next_mail(mail, "is not acknowledged since 3")
        self.next_log(log, "is not acknowledged since 3")

        listed = self.api(server, "GET", "/critical")["items"]
        self.assertEqual([(one["subject"]["label"], one["analyte"], one["value"], one["unit"], one["source"])
                          for one in listed], [("SCR-020", "K", "6.5", "mmol/L", "lis-english")])
        place = f"/critical/{listed[0]['id']}/acknowledge"
        self.api(server, "POST", place, {}, 422)
        self.assertEqual(self.open_criticals(server), ["critical-unacknowledged", "critical-value"])
        done = self.api(server, "POST", place, {"note": "Dr. Wang was told"})
        self.assertEqual((done["note"], done["acknowledged_by"] != ""), ("Dr. Wang was told", True))
        self.api(server, "POST", place, {"note": "again"}, 409)
        self.next_hook(hook, "critical-value", "over")
        over = self.next_mail(mail, "this is over.")
        self.assertTrue(over.startswith("Nothing to do: this is over."), over)
        self.next_log(log, " Over: ")
        self.assertEqual(self.api(server, "GET", "/critical")["items"], [])
        self.assertEqual(len(self.api(server, "GET", "/critical?state=all")["items"]), 1)

    def open_criticals(self, server):
        return [one["kind"] for one in self.api(server, "GET", "/alarms")["items"]
                if not one["closed"] and one["kind"].startswith("critical")]

    def test_a_critical_value_of_nobody_known_is_told_too(self):
        hook = self.stub(WebhookStub(self.context))
        server = self.serve(*self.webhook_settings(hook))
        self.send(server, potassium("K2", "6.8", ""))
        self.assertIn("for somebody who is not found", self.next_hook(hook, "critical-value")["text"])
        listed = self.api(server, "GET", "/critical")["items"]
        self.assertEqual([(one["subject"], one["value"]) for one in listed], [(None, "6.8")])
        self.send(server, potassium("K3", "4.1", ""))
        server.settle()
        self.assertEqual(len(self.api(server, "GET", "/critical")["items"]), 1)

    def edit_store(self, server, statement):
        store = sqlite3.connect(server.data / "store.db", timeout=PATIENCE)
        store.execute(statement)
        store.commit()
        store.close()

    def attempts(self, server):
        store = sqlite3.connect(f"file:{server.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
        rows = store.execute("SELECT n.channel, n.state, n.attempts, n.why FROM incident_notice n "
                             "JOIN incident i USING (incident_id) WHERE i.kind = 'critical-value'").fetchall()
        store.close()
        return {channel: (state, attempts, why) for channel, state, attempts, why in rows}

    def test_what_a_channel_does_not_take_is_kept_and_said(self):
        hook = self.stub(WebhookStub(self.context))
        mail = self.stub(MailStub(self.context, "labrelay", PASSWORD))
        hook.faults = [500]
        mail.faults = ["login"]
        other = self.stub(WebhookStub())
        server = self.serve(*self.webhook_settings(hook), *self.mail_settings(mail), "alarm.mail.about=critical",
                            "alarm.hook.about=critical", *self.webhook_settings(other, "other", "http"))
        self.send(server, potassium("K1", "6.5", f"{MRN}^^^QILU^MR"))
        self.next_hook(other, "critical-value")  # one that refuses keeps no other waiting
        seen = self.wait_until(server, lambda: (lambda now: len(now) == 3 and all(
            attempts for _, attempts, _ in now.values()) and now)(self.attempts(server)))
        self.assertEqual(seen["hook"], ("waiting", 1, "the webhook answered 500"))
        self.assertEqual(seen["mail"], ("waiting", 1, "the mail server refuses the login (535)"))
        self.assertEqual(seen["other"][:2], ("sent", 1))
        # A restart forgets nothing; the time of the next attempt is made to have come.
        self.assertEqual(server.stop(), 0)
        self.edit_store(server, "UPDATE incident_notice SET at_us = 0 WHERE state = 'waiting'")
        server.start()
        self.assertIn("SCR-020", self.next_hook(hook, "critical-value")["text"])
        self.assertIn("SCR-020", email.message_from_string(
            mail.kept.get(timeout=PATIENCE)[2]).get_payload(decode=True).decode())
        self.wait_until(server, lambda: [state for state, _, _ in self.attempts(server).values()] == ["sent"] * 3)
        self.assertTrue(other.kept.empty() or json.loads(other.kept.get()[1])["kind"] != "critical-value")

    def test_a_channel_can_be_tried(self):
        hook = self.stub(WebhookStub(self.context))
        mail = self.stub(MailStub(self.context, "labrelay", PASSWORD))
        quiet = ["alarm.hook.about=critical", "alarm.mail.about=critical"]
        server = self.serve(*self.webhook_settings(hook), *self.mail_settings(mail), *quiet)
        self.assertEqual(self.api(server, "POST", "/alarms/test", {}), {"sent": ["hook", "mail"], "failed": []})
        self.assertEqual(self.next_hook(hook, "test")["text"], "This is a trial of the alarms.")
        self.assertIn("trial", mail.kept.get(timeout=PATIENCE)[2])
        for faults, hook_says, mail_says in (
                ([403], "the webhook answered 403", None), ([], None, "the mail server refuses the login (535)")):
            hook.faults = list(faults)
            mail.faults = ["login"] if mail_says else []
            failed = self.api(server, "POST", "/alarms/test", {"channel": "hook" if hook_says else "mail"})["failed"]
            self.assertEqual([one["why"] for one in failed], [hook_says or mail_says])
        for fault in ("drop", "busy"):
            mail.faults = [fault]
            self.assertEqual(len(self.api(server, "POST", "/alarms/test", {"channel": "mail"})["failed"]), 1, fault)
        os.chmod(self.directory / "hook.key", 0o644)
        failed = self.api(server, "POST", "/alarms/test", {"channel": "hook"})["failed"]
        self.assertIn("Others than its owner may read it", failed[0]["why"])
        self.api(server, "POST", "/alarms/test", {"channel": "nobody"}, 404)
        with self.assertRaises(queue.Empty):
            hook.kept.get_nowait() and hook.kept.get_nowait()

    def test_mail_over_tls_from_the_first_byte(self):
        mail = self.stub(MailStub(self.context, "labrelay", PASSWORD, at_once=True))
        settings = [line.replace("=smtp://", "=smtps://") for line in self.mail_settings(mail)]
        server = self.serve(*settings, "alarm.mail.about=critical")
        self.assertEqual(self.api(server, "POST", "/alarms/test", {})["sent"], ["mail"])
        self.assertTrue(mail.kept.get(timeout=PATIENCE)[3])

    def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(self):
        hook = self.stub(WebhookStub(self.context))
        settings = [line for line in self.webhook_settings(hook) if ".ca=" not in line]
        server = self.serve(*settings, "alarm.hook.about=critical")
        failed = self.api(server, "POST", "/alarms/test", {})["failed"]
        self.assertIn("certificate verify failed", failed[0]["why"])
        self.assertTrue(hook.kept.empty())

    def test_a_study_database_that_is_away(self):
        hook = self.stub(WebhookStub())
        blocked = self.directory / "nothing" / "study.db"
        server = self.serve(*self.webhook_settings(hook, scheme="http"), f"target.url=sqlite://{blocked}")
        self.send(server, potassium("K4", "4.1", f"{MRN}^^^QILU^MR"))
        begin = self.next_hook(hook, "target-away")
        self.assertEqual(begin["object"], "study")
        self.assertIn("/deliveries?target=study", begin["url"])
        blocked.parent.mkdir()
        self.next_hook(hook, "target-away", "over")

    def test_settings_as_they_are_in_force(self):
        server = self.serve("target.paused=yes")
        items = {one["name"]: one for one in self.api(server, "GET", "/settings")["items"]}
        self.assertEqual(items["target.paused"]["value"], "yes")
        self.assertEqual(items["data"]["value"], str(server.data))
        self.assertIsNone(items["alarms.lag_minutes"]["value"])
        self.assertIn("default 30", items["alarms.lag_minutes"]["meaning"])

    def test_settings_that_make_no_sense_are_refused(self):
        server = self.labrelay(settings=["alarm.a.kind=mail", "alarm.a.url=smtp://mail:587"])
        with self.assertRaises(labrelay_process.Died):
            server.start()
        self.assertIn("alarm.a.from: is needed", server.diagnostics())
        other = self.labrelay("other", settings=["alarm.a.kind=syslog", "alarm.a.url=unix:/dev/log",
                                                 "alarm.a.study=nothing"])
        with self.assertRaises(labrelay_process.Died):
            other.start()
        self.assertIn("alarm.a.study", other.diagnostics())


if __name__ == "__main__":
    labrelay_process.main()
