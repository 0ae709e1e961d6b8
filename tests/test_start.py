"""How the service starts where something is missing: one line says what, and no supervisor starts
it in a loop."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from tests.stand import Clock, Outside, Widget, config_for
from widget import create_app

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0", "--log-level", "error"]
FLASK = [sys.executable, "-m", "flask", "upgrade"]


def environment(**settings: str) -> dict[str, str]:
    """This machine's, with nothing of the widget's but these."""
    return {**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}, **settings}


def run(command: list[str], **settings: str) -> tuple[int, str]:
    """The exit code, and what was said."""
    ended = subprocess.run(command, cwd=ROOT, env=environment(**settings), capture_output=True, text=True, check=False)
    return ended.returncode, (ended.stdout + ended.stderr).strip()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "SECRET_KEY": "s" * 40,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "BITRIX_CLIENT_ID": "id",
        "BITRIX_CLIENT_SECRET": "secret",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'widget.sqlite3'}",
        "JOBS_FILE": str(tmp_path / "jobs.sqlite3"),
    }


@pytest.mark.parametrize("command", [GUNICORN, FLASK])
def test_without_settings_one_line_names_them_and_nothing_is_started_again(command: list[str]) -> None:
    code, said = run(command)

    assert code == 4
    assert said.startswith("The settings cannot be used: SECRET_KEY is not set; ENCRYPTION_KEYS is not set;")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://u:a-password@127.0.0.1:1/db", "connection failed"),
        ("sqlite:////nowhere/widget.sqlite3", "unable to open database file"),
    ],
)
def test_a_database_that_cannot_be_upgraded_is_one_line(outside: Outside, clock: Clock, url: str, words: str) -> None:
    ended = create_app(config_for(outside, url), clock=clock).test_cli_runner().invoke(args=["upgrade"])

    assert ended.exit_code == 1
    assert f"Error: not upgraded, nothing was changed: {words}" in ended.output
    assert len(ended.output.strip().splitlines()) == 1
    assert "a-password" not in ended.output


def test_a_database_of_a_newer_version_is_said_to_be_one_and_keeps_no_host_from_starting(widget: Widget) -> None:
    with widget.services.storage.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    ended = widget.app.test_cli_runner().invoke(args=["upgrade"])

    assert (ended.exit_code, len(ended.output.strip().splitlines())) == (0, 1)
    assert "9999, of a newer version" in ended.output


def test_new_secrets_are_printed_without_a_word_of_warning() -> None:
    code, said = run([sys.executable, "-W", "error", "-m", "widget.commands.secrets"])

    assert code == 0
    assert [line.partition("=")[0] for line in said.splitlines()] == ["SECRET_KEY", "ENCRYPTION_KEYS"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        yield found


def test_without_redis_one_worker_is_started_and_a_line_says_why(
    settings: dict[str, str], listener: socket.socket, tmp_path: Path
) -> None:
    """The server is asked through a socket of ours, and so the request waits until it can be
    answered."""
    command = [*GUNICORN, "--bind", f"fd://{listener.fileno()}", "--graceful-timeout", "1"]
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(**settings), stdout=log, stderr=log, pass_fds=[listener.fileno()]
        ) as server,
    ):
        try:
            answer = ask(listener, b"GET /health/live HTTP/1.0\r\n\r\n")
            workers = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        finally:
            server.terminate()
        log.seek(0)
        said = log.read()

    assert b"200 OK" in answer
    assert len(workers) == 1
    assert said.startswith("No REDIS_URL: cache, limits and locks live in the process, so one worker is started")


def ask(listener: socket.socket, request: bytes) -> bytes:
    with socket.create_connection(listener.getsockname(), timeout=60) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(4096), b""))
