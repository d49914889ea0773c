"""A PostgreSQL server of the tests' own: in a temporary folder, on a free local port, by a user without rights."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

SUPERUSER, READER = "maker", "reader"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=20", "log_min_messages=fatal")
PATIENCE = 60  # seconds that a start may take on a busy machine


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    password: str

    def url(self, user: str, database: str) -> str:
        """Of a database, for a user."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"


def programs() -> Path | None:
    """The folder of the newest server's programs, or None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    there = [path for path in [shutil.which("postgres"), *reversed(found)] if path is not None]
    return next((Path(path).resolve().parent for path in there if Path(path).resolve().with_name("initdb").is_file()), None)


@contextmanager
def server() -> Iterator[Server]:
    """Start one; it is stopped and its folder removed at the end."""
    bin_folder = programs()
    assert bin_folder is not None
    as_user = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}  # it refuses to be run by root
    folder, password, port = Path(tempfile.mkdtemp(prefix="postgresql-")), secrets.token_hex(8), _free_port()
    options = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **as_user}
    try:
        (folder / "password").write_text(password, encoding="ascii")
        if as_user:
            own = pwd.getpwnam("nobody")
            for path in (folder, folder / "password"):
                os.chown(path, own.pw_uid, own.pw_gid)
        initdb = ["--pgdata=data", f"--username={SUPERUSER}", "--pwfile=password", "--auth=scram-sha-256", "--encoding=UTF8"]
        subprocess.run([bin_folder / "initdb", *initdb, "--locale=C", "--no-sync"], **options)
        settings = (*QUICK, f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")
        command = [bin_folder / "postgres", "-D", "data", *(word for each in settings for word in ("-c", each))]
        del options["check"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)
        try:
            made = Server(port, password)
            _wait_for(made, process)
            yield made
        finally:
            process.send_signal(signal.SIGINT)  # a fast stop; terminated, it waits until its clients have gone
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(made: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(made.url(SUPERUSER, "postgres")) as connection:
            connection.execute(f"create role {READER} login password '{made.password}'")
            return
        time.sleep(0.1)
    raise TimeoutError(f"the tests' PostgreSQL does not answer; its exit code is {process.poll()}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
