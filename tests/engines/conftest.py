"""A PostgreSQL server of the tests' own, and a small store."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from small import write_store

from complaintlib import Book, open_book

PASSWORD = "S3cr/t:@#?%"  # every sign of it means something in an address


class Server:
    """`address(schema)` is where to connect to; `run(sql)` asks as its owner, who is the one user."""

    def __init__(self, folder: Path):
        self.folder = folder

    def address(self, schema: str = "public", password: str = PASSWORD) -> str:
        return f"postgres://kit:{quote(password, safe='')}@/postgres/{schema}?host={self.folder}"

    def run(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(
            host=str(self.folder), user="kit", password=PASSWORD, dbname="postgres", autocommit=True
        ) as con:
            con.execute(sql)

    def schema(self, name: str) -> str:
        """The address of a new schema."""
        self.run(f'CREATE SCHEMA "{name}"')
        return self.address(name)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server in a folder of its own, that nobody outside the machine can reach; it ends with the tests."""
    pytest.importorskip("psycopg", reason="the driver is not installed: pip install 'psycopg[binary]'")
    programs = _programs()
    folder = Path(
        tempfile.mkdtemp(prefix="pg-")
    )  # its owner may be another user, and a socket's path is short
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    user = _user(folder)
    made = subprocess.run(
        [programs / "initdb", "--pgdata", folder / "data", "--username", "kit", "--auth", "scram-sha-256",
         "--pwfile", folder / "password", "--encoding", "UTF8", "--no-sync",
         "--locale-provider", "icu", "--icu-locale", "en", "--locale", "C"],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False, **user,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"initdb says: {made.stderr.strip().splitlines()[-1]}")
    running = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user,
    )  # fmt: skip
    try:
        _await(folder, running)
        yield Server(folder)
    finally:
        running.send_signal(signal.SIGQUIT)  # at once, whoever is connected
        running.wait(timeout=30)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def small_store(tmp_path_factory) -> Path:
    return write_store(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_book(small_store) -> Book:
    return open_book(small_store)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    given = shutil.which("initdb")
    if not found and not given:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    return (found[-1] if found else Path(given)).parent


def _user(folder: Path) -> dict[str, object]:
    """Who runs the server: this user, or where that is root, which PostgreSQL refuses, one who may own the folder."""
    if os.getuid() != 0:
        return {}
    try:
        who = pwd.getpwnam("postgres")
        for path in (folder, folder / "password"):
            os.chown(path, who.pw_uid, who.pw_gid)
    except (KeyError, PermissionError):
        pytest.skip("PostgreSQL does not run as root, and there is no user “postgres” to run it")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def _await(folder: Path, running: subprocess.Popen) -> None:
    import psycopg

    for _ in range(200):
        try:
            psycopg.connect(host=str(folder), user="kit", password=PASSWORD, dbname="postgres").close()
            return
        except psycopg.OperationalError:
            assert running.poll() is None, "the server ended"
            time.sleep(0.05)
    pytest.fail("the server did not start in 10 seconds")
