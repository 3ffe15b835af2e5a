"""What the process itself promises: one server a data directory, errors with their place."""

import re
import shutil
import signal
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
