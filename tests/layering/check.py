#!/usr/bin/env python3
"""Holds the arrows and library rules of docs/architecture.md: prints each include that breaks one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])

# module -> modules that it may include; the arrows are transitive.
ARROWS = {
    "core": [],
    "crypto": ["core"],
    "sqlite": ["core"],
    "sql": ["core", "sqlite"],
    "hl7": ["core"],
    "units": ["core"],
    "study": ["units"],
    "review": ["study"],
    "mapping": ["study", "hl7", "units", "crypto"],
    "pipeline": ["mapping"],
    "delivery": ["pipeline"],
    "store": ["pipeline", "delivery", "review", "crypto", "sql", "security"],
    "targets": ["delivery", "sql"],
    "transport": ["pipeline"],
    "views": ["pipeline", "store", "security"],
    "security": ["core", "crypto"],
    "alarm": ["targets", "crypto"],
    "console": ["core"],
    "api": ["views", "store", "security", "console", "transport"],
    "simulate": ["core"],
    "app": ["alarm", "store", "targets", "transport", "views", "api", "simulate"],
}

# What a library's headers may be included by: (pattern, modules, only in .cpp).
LIBRARIES = [
    (r"Poco/", {"transport", "targets", "api", "security", "alarm", "app"}, False),
    (r"boost/spirit", set(ARROWS), True),
    (r"nlohmann/json\.hpp", set(ARROWS), True),
    (r"pugixml\.hpp", {"mapping", "targets", "app"}, False),
    (r"sqlite3\.h", {"sqlite", "sql", "store"}, False),
    (r"libpq-fe\.h", {"sql"}, False),
]

# SQL text stands in store and targets only.
SQL = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b')


def closure(module):
    seen, todo = set(), [module]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend(ARROWS[current])
    return seen


def problems():
    files = [(p, p.relative_to(ROOT / "src").parts[0]) for p in (ROOT / "src").rglob("*.[ch]pp")]
    files += [(p, p.relative_to(ROOT / "include/labrelay").parts[0])
              for p in (ROOT / "include/labrelay").rglob("*.[ch]pp")]
    for path, module in sorted(files):
        if module not in ARROWS:
            yield f"{path}: module {module} has no arrows in tests/layering/check.py"
            continue
        allowed = closure(module)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            own = re.match(r'#include "labrelay/(\w+)/', line)
            if own and own.group(1) not in allowed:
                yield f"{where}: {module} may not depend on {own.group(1)}"
            for pattern, modules, only_cpp in LIBRARIES:
                if re.match(rf'#include [<"]{pattern}', line):
                    if module not in modules:
                        yield f"{where}: {pattern} does not belong in {module}"
                    elif only_cpp and path.suffix == ".hpp" and "include/" in str(path.relative_to(ROOT)):
                        yield f"{where}: {pattern} belongs in a .cpp"
            if SQL.search(line) and module not in {"store", "targets", "sql", "sqlite"}:
                yield f"{where}: SQL text outside store and targets"


found = list(problems())
print("\n".join(found) if found else "the arrows hold")
sys.exit(1 if found else 0)
