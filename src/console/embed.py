#!/usr/bin/env python3
"""Writes the files of a folder as C++: embed.py FOLDER OUT.cpp"""
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
PIECE = 8000  # compilers limit how long one literal may be; neighbours are joined


def escape(byte):
    if byte in (0x22, 0x5C):
        return "\\" + chr(byte)
    if 0x20 <= byte < 0x7F and byte != 0x3F:  # a question mark may begin a trigraph
        return chr(byte)
    return f"\\{byte:03o}"


def literal(data):
    pieces = [data[at:at + PIECE] for at in range(0, len(data), PIECE)] or [b""]
    return "\n    ".join('"' + "".join(map(escape, piece)) + '"' for piece in pieces)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not any(path.name == "index.html" for path in files):
        sys.exit(f"{folder}: no index.html; the page was not built")
    lines = ['#include "labrelay/console/assets.hpp"', "", "namespace labrelay::console {", "namespace {", ""]
    rows = []
    for number, path in enumerate(files):
        kind = TYPES.get(path.suffix)
        if kind is None:
            sys.exit(f"{path}: what type is it? Add {path.suffix} to embed.py")
        data = path.read_bytes()
        lines.append(f"constexpr char kFile{number}[] =\n    {literal(data)};")
        rows.append(f'    {{"/{path.relative_to(folder).as_posix()}", "{kind}", '
                    f'{{static_cast<const char*>(kFile{number}), {len(data)}}}, '
                    f'"{hashlib.sha256(data).hexdigest()[:32]}"}},')
    lines += ["", "constexpr Asset kAssets[] = {", *rows, "};", "", "}  // namespace", "",
              "std::span<const Asset> assets() {", "    return kAssets;", "}", "",
              "}  // namespace labrelay::console", ""]
    out.write_text("\n".join(lines), encoding="ascii")


main()
