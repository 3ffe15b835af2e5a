#!/usr/bin/env python3
"""Each test that docs/requirements.md names exists: prints those that do not."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])


def known():
    names = set()
    for path in (ROOT / "tests").rglob("*_test.cpp"):
        text = path.read_text(encoding="utf-8")
        for suite, name in re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", text, re.M):
            names.add(f"{suite}.{name}")
    for path in (ROOT / "tests").rglob("*_test.py"):
        for name in re.findall(r"^\s+def (test_\w+)", path.read_text(encoding="utf-8"), re.M):
            names.add(f"{path.name}: {name}")
    return names


have = known()
table = [line for line in (ROOT / "docs/requirements.md").read_text(encoding="utf-8").splitlines()
         if re.match(r"\| R\d+ \|", line)]
named = [name for line in table for name in re.findall(r"`(\w+\.\w+|\w+_test\.py: \w+)`", line)]
missing = sorted({name for name in named if name not in have})
print("\n".join(f"docs/requirements.md names {name}, which is no test" for name in missing)
      or f"{len(set(named))} tests show {len(table)} requirements")
sys.exit(1 if missing or not named else 0)
