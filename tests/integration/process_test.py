"""What the process itself promises: one server a data directory, errors with their place."""

import json
import re
import shutil
import signal
import socket
import subprocess

import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE, Labrelay


class ProcessTest(labrelay_process.IntegrationTest):
    def command(self, *arguments):
        return subprocess.run([Labrelay.binary, *arguments], capture_output=True, text=True,
                              timeout=PATIENCE)

    def serve_once(self, data):
        return self.command("serve", "--data", str(data), "--mappings", str(MAPPINGS),
                            "--set", "mllp.port=0", "--set", "http.port=0")

    def test_second_server_is_refused(self):
        server = self.labrelay()
        server.start()
        second = self.serve_once(server.data)
        self.assertEqual(second.returncode, 2, second.stderr)
        self.assertIn("store-locked", second.stderr)
        self.assertEqual(second.stdout, "")
        self.assertEqual(server.run("ledger", "--messages", "--json"), "")
        self.assertEqual(server.stop(), 0)

    def test_the_lock_ends_with_its_holder(self):
        server = self.labrelay()
        server.start()
        server.kill()
        server.start()
        self.assertEqual(server.stop(), 0)

    def test_interrupt_ends_it_well(self):
        server = self.labrelay()
        server.start()
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.ended_within(PATIENCE), 0)

    def test_store_without_its_key_is_not_opened(self):
        server = self.labrelay()
        server.start()
        self.assertEqual(server.stop(), 0)
        (server.data / "store.key").unlink()
        again = self.serve_once(server.data)
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertIn("store-key-missing", again.stderr)
        self.assertFalse((server.data / "store.key").exists())

    def test_evidence_can_be_looked_at(self):
        """P02, P03, P06: what could not be read is kept with peer, time and offset."""
        server = self.labrelay()
        server.start()
        with socket.create_connection(("127.0.0.1", server.mllp_port), PATIENCE) as peer:
            peer.sendall(b"GET / HTTP/1.0\r\n\x0bMSH|cut")
            peer.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.recv(100), b"")
        self.assertEqual(server.stop(), 0)
        lines = [json.loads(line) for line in server.run("quarantine", "list", "--json").splitlines()]
        found = {line["code"]: line for line in lines}
        self.assertEqual(set(found), {"frame-truncated", "stray-bytes"})
        self.assertEqual(found["frame-truncated"]["offset"], 17)
        self.assertEqual(found["stray-bytes"]["offset"], 0)
        for line in lines:
            self.assertTrue(line["peer"].startswith("127.0.0.1"), line)
            self.assertRegex(line["received_at"], r"^20\d\d-")
        shown = server.run("quarantine", "show", found["frame-truncated"]["id"])
        self.assertIn("4d 53 48 7c 63 75 74", shown)
        self.assertIn("MSH|cut", shown)
        as_json = json.loads(server.run("quarantine", "show", found["stray-bytes"]["id"], "--json"))
        self.assertEqual(bytes.fromhex(as_json["hex"]), b"GET / HTTP/1.0\r\n")
        missing = self.command("quarantine", "show", "nothing", "--data", str(server.data))
        self.assertEqual(missing.returncode, 1)

    def test_a_batch_is_shown_by_member(self):
        """P46: explain, ack, parse and message know the members of a batch."""
        batch = MAPPINGS / "sources" / "lis-qilu.cases" / "batch-with-a-broken-member.hl7"
        subjects = MAPPINGS / "NCT05872659" / "cases" / "subjects.csv"
        explained = self.command("explain", str(batch), "--mappings", str(MAPPINGS),
                                 "--subjects", str(subjects))
        self.assertEqual(explained.returncode, 1)
        self.assertIn("message 1 of 2 (byte ", explained.stdout)
        self.assertIn("message 2 of 2 (byte ", explained.stdout)
        answered = self.command("ack", str(batch), "--mappings", str(MAPPINGS),
                                "--subjects", str(subjects))
        names = [line[:3] for line in answered.stdout.splitlines()]
        self.assertEqual([name for name in names if name != "ERR"],
                         ["BHS", "MSH", "MSA", "MSH", "MSA", "BTS"])
        parsed = self.command("parse", str(batch), "--flat", "--charset", "GB18030")
        self.assertEqual(parsed.returncode, 1)
        self.assertIn("LG9001", parsed.stdout)
        self.assertIn("charset-invalid-bytes", parsed.stderr)
        server = self.labrelay()
        server.start()
        with server.connect() as connection:
            connection.exchange(batch.read_bytes())
        self.assertEqual(server.stop(), 0)
        rows = server.ledger()
        self.assertEqual([row["state"] for row in rows][0], "batch")
        whole = json.loads(server.run("message", rows[0]["message_id"], "--json"))
        self.assertEqual(whole["members"], [row["message_id"] for row in rows[1:]])
        raw = subprocess.run([Labrelay.binary, "message", rows[0]["message_id"], "--raw",
                              "--data", str(server.data)], capture_output=True, timeout=PATIENCE)
        self.assertEqual(raw.stdout, batch.read_bytes())

    def test_files_are_private(self):
        server = self.labrelay()
        server.start()
        self.assertEqual(server.data.stat().st_mode & 0o777, 0o700)
        for file in server.data.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)

    def test_check_names_the_place(self):
        broken = self.directory / "mappings"
        shutil.copytree(MAPPINGS, broken)
        self.assertEqual(self.command("check", str(broken)).returncode, 0)
        file = broken / "sources" / "facs-lyric.xml"
        text = file.read_text()
        file.write_text(text.replace('analyte="CD4A"', 'analyt="CD4A"', 1))
        line = text[:text.index('analyte="CD4A"')].count("\n") + 1
        checked = self.command("check", str(broken))
        self.assertEqual(checked.returncode, 1)
        said = checked.stdout + checked.stderr
        self.assertRegex(said, rf"(?m)^sources/facs-lyric\.xml:{line}:\d+: error: ")
        self.assertRegex(said, re.escape('"analyte"'))

        refused = self.command("serve", "--data", str(self.directory / "data"), "--mappings", str(broken),
                               "--set", "mllp.port=0", "--set", "http.port=0")
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"facs-lyric.xml:{line}:", refused.stderr)


if __name__ == "__main__":
    labrelay_process.main()
