#!/usr/bin/env python3
"""A private PostgreSQL cluster for the tests, on loopback and a free port.

    postgres_cluster.py start DIR     makes it anew and writes its URL to DIR/url
    postgres_cluster.py stop DIR      ends it and removes what it wrote

As root the server runs as the user `postgres`, because it refuses to run as root. Not durable (fsync=off)
unless --durable is given: what the tests ask of it is what it says, not what it survives.
"""
import argparse
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile


def binaries():
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                      key=lambda path: int(path.parts[4]))
    if versions:
        return versions[-1].parent
    found = shutil.which("postgres")
    if found is None:
        sys.exit("postgres_cluster: no PostgreSQL server is installed (scripts/setup installs it)")
    return pathlib.Path(found).parent


def as_server_user(command):
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + command


def run(command, **options):
    done = subprocess.run(as_server_user([str(part) for part in command]), capture_output=True, text=True,
                          cwd="/", check=False, **options)
    if done.returncode != 0:
        sys.exit(f"postgres_cluster: {command[0]}: {done.stdout}{done.stderr}")


@contextlib.contextmanager
def held_port():
    """A free port that nobody else is given until the server listens: the socket is bound and does not listen."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def start(folder, durable):
    stop(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # A place of its own: the server's user may not be able to enter the folder.
    place = pathlib.Path(tempfile.mkdtemp(prefix="labrelay-postgres-"))
    (folder / "place").write_text(str(place))
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(place, user.pw_uid, user.pw_gid)
    data = place / "data"
    run([binaries() / "initdb", "-D", data, "-U", "labrelay", "--auth=trust", "-E", "UTF8",
         "--locale=C", "--no-sync"])
    settings = ["-c listen_addresses=127.0.0.1", f"-c unix_socket_directories={place}", "-c max_connections=200",
                "-c shared_buffers=64MB", "-c log_min_messages=error", "-c max_locks_per_transaction=256"]
    if not durable:
        settings += ["-c fsync=off", "-c full_page_writes=off"]
    with held_port() as port:
        run([binaries() / "pg_ctl", "-D", data, "-w", "-t", "300", "-l", place / "log", "-o",
             " ".join([f"-p {port}", *settings]), "start"])
    (folder / "url").write_text(f"postgresql://labrelay@127.0.0.1:{port}/postgres\n")


def stop(folder):
    (folder / "url").unlink(missing_ok=True)
    if not (folder / "place").exists():
        return
    place = pathlib.Path((folder / "place").read_text())
    if (place / "data/postmaster.pid").exists():
        subprocess.run(as_server_user([str(binaries() / "pg_ctl"), "-D", str(place / "data"), "-m", "immediate",
                                       "-w", "stop"]), capture_output=True, cwd="/", check=False)
    shutil.rmtree(place, ignore_errors=True)
    (folder / "place").unlink()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("action", choices=["start", "stop"])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--durable", action="store_true")
    chosen = arguments.parse_args()
    folder = chosen.folder.resolve()
    if chosen.action == "start":
        start(folder, chosen.durable)
    else:
        stop(folder)


main()
