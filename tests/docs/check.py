#!/usr/bin/env python3
"""Runs every ```console block of README.md and docs/*.md and compares what it prints.

A line `$ command` is run in a scratch copy of the work tree's mappings and samples; the lines after it are what
it must print. `…` alone on a line stands for any lines; `…` inside a line for any text. `scripts/demo` and
`build/release/labrelay` stand for the binary under test. A block opened with ```console norun is not run.
"""
import datetime
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT, BINARY = pathlib.Path(sys.argv[1]), sys.argv[2]


def blocks(text):
    for match in re.finditer(r"^```console\n(.*?)^```", text, re.S | re.M):
        line = text[: match.start()].count("\n") + 1
        yield line, match.group(1)


def steps(block):
    command, expected = None, []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, expected
            command, expected = line[2:], []
        else:
            expected.append(line)
    if command:
        yield command, expected


def matches(expected, actual):
    pattern = []
    for line in expected:
        if line.strip() == "…":
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(re.escape(line.rstrip()).replace("…", ".*?") + r"[ ]*\n")
    return re.fullmatch("".join(pattern), actual) is not None


def run_all():
    """How many commands ran, and what is to be said of each that printed something else."""
    ran, differences = 0, []
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("mappings", "samples"):
            shutil.copytree(ROOT / name, pathlib.Path(scratch) / name)
        for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            for line, block in blocks(document.read_text(encoding="utf-8")):
                for command, expected in steps(block):
                    real = command.replace("build/release/labrelay", BINARY)
                    real = real.replace("scripts/demo", BINARY + " demo")
                    result = subprocess.run(["bash", "-c", real], cwd=scratch, text=True, timeout=600,
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                    ran += 1
                    if not matches(expected, result.stdout):
                        differences.append(f"{document.name}:{line}: $ {command}\n--- shown\n" + "\n".join(expected)
                                           + "\n--- came\n" + result.stdout)
    return ran, differences


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def main():
    day = today()
    ran, differences = run_all()
    if differences and today() != day:
        ran, differences = run_all()  # a ledger has a line a day, and one ended meanwhile
    print("\n".join([*differences, f"{ran} commands shown, {len(differences)} differ"]))
    return 1 if differences or not ran else 0


sys.exit(main())
