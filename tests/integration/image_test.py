"""What docker/Dockerfile's last stage does, done in a Debian root of its own: the binary runs there as a user
without rights, with the packages of docker/runtime-packages.txt and no others, and the health check works.

Long form only (LABRELAY_LONG=1): it makes a root with debootstrap, which takes a minute and Debian's mirror.
No Docker engine is needed; the steps are read from the Dockerfile, so that they cannot drift apart.
"""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import unittest

import labrelay_process
from labrelay_process import LONG, SOURCE

DOCKER = SOURCE / "docker"
LAST_STAGE = (DOCKER / "Dockerfile").read_text().split("\nFROM ")[-1]
SETUP = 900


def instruction(name):
    """The arguments of the last stage's instructions of one name, continuation lines joined."""
    joined = LAST_STAGE.replace("\\\n", " ")
    return [line.split(None, 1)[1].strip() for line in joined.splitlines() if line.startswith(name + " ")]


class ImageTest(unittest.TestCase):
    def setUp(self):
        if not LONG:
            self.skipTest("LABRELAY_LONG=1 only")
        if os.geteuid() != 0 or not shutil.which("debootstrap"):
            self.skipTest("needs root and debootstrap")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="labrelay-root-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        # The root of everybody in it, while mkdtemp lets only us in.
        self.root.chmod(0o755)
        self.run_well(["debootstrap", "--variant=minbase", "bookworm", str(self.root)])
        resolver = pathlib.Path("/etc/resolv.conf")
        if resolver.exists():
            shutil.copy(resolver, self.root / "etc/resolv.conf")
        for settings in pathlib.Path("/etc/apt").glob("apt.conf.d/*proxy*"):
            shutil.copy(settings, self.root / "etc/apt/apt.conf.d")
        sources = pathlib.Path("/etc/apt/sources.list")
        if sources.exists():
            shutil.copy(sources, self.root / "etc/apt/sources.list")

    def run_well(self, command, **options):
        done = subprocess.run(command, capture_output=True, text=True, timeout=SETUP, check=False, **options)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def copy(self, source, target):
        if source.startswith("--from=build "):
            _, _, target = f"{source} {target}".split()
            source_file = pathlib.Path(labrelay_process.Labrelay.binary)
        else:
            source_file = SOURCE / source
        place = self.root / target.lstrip("/")
        if target.endswith("/"):
            place = place / source_file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source_file.is_dir():
            shutil.copytree(source_file, place)
        else:
            shutil.copy(source_file, place)

    def test_the_last_stage_runs(self):
        for line in LAST_STAGE.replace("\\\n", " ").splitlines():
            if line.startswith("COPY --from=build"):
                self.copy("--from=build " + line.split()[2], line.split()[3])
            elif line.startswith("COPY "):
                self.copy(*line.split()[1:])
            elif line.startswith("RUN "):
                self.run_well(["chroot", str(self.root), "/bin/sh", "-ec", line.removeprefix("RUN ")],
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                                   "LC_ALL": "C"})
        user = instruction("USER")[0]
        self.assertNotIn(user, ("root", "0"))
        entry = json.loads(instruction("ENTRYPOINT")[0])
        command = json.loads(instruction("CMD")[0])
        self.assertEqual(command[0], "serve")
        data = command[command.index("--data") + 1]
        # As compose.yaml starts it, with settings of this test's own.
        settings = ["mappings=/etc/labrelay/mappings", "mllp.port=0", "http.port=0", "http_intake.port=off"]
        chroot = ["chroot", f"--userspec={user}", str(self.root)]
        server = subprocess.Popen(
            [*chroot, *entry, "serve", "--data", data,
             *(part for setting in settings for part in ("--set", setting))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            readable, _, _ = select.select([server.stdout], [], [], labrelay_process.PATIENCE)
            line = server.stdout.readline() if readable else b""
            if not line:
                server.kill()
                self.fail("serve does not become ready: " + server.stderr.read().decode(errors="replace"))
            ready = json.loads(line)
            health = json.loads(re.search(r"CMD (\[.*\])", instruction("HEALTHCHECK")[0]).group(1))
            port = str(ready["http"]["port"])
            healthy = [*chroot, "/usr/bin/env", f"LABRELAY_HTTP_PORT={port}", *health]
            self.run_well(healthy)
            message = next(iter(labrelay_process.demo_messages()))
            with labrelay_process.MllpConnection(ready["mllp"]["port"]) as connection:
                self.assertEqual(connection.exchange(message).code, "AA")
        finally:
            server.terminate()
            server.wait(timeout=labrelay_process.PATIENCE)
            server.stdout.close()
            server.stderr.close()
        gone = subprocess.run(healthy, capture_output=True, timeout=60, check=False)
        self.assertNotEqual(gone.returncode, 0, "a node that is gone is not healthy")


if __name__ == "__main__":
    sys.exit(labrelay_process.main())
