"""A backup, rehearsed: the database goes into a file, the host is lost, another one goes on from
the file."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.fernet import Fernet

from sandbox.postgres import Postgres, find_programs
from tests.stand import Clock, Widget, app_for
from widget.config import Config

IVAN_ROW, ORDERS_ROW = "+7 961 951-00-00", "+7 926 111-22-33"


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two addresses: one with all tables, and one of another host that holds nothing yet."""
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path / name}.sqlite3" for name in ("lost", "new")]
        return
    server: Postgres = request.getfixturevalue("postgres")
    monkeypatch.setenv("PATH", f"{find_programs()}{os.pathsep}{os.environ['PATH']}")
    names = [server.new_database(copy_of="migrated"), server.new_database()]
    yield [server.url(name) for name in names]
    for name in names:
        server.drop(name)


def run(widget: Widget, *command: str) -> Result:
    result: Result = widget.app.test_cli_runner().invoke(args=list(command))
    return result


def elsewhere(widget: Widget, clock: Clock, **changes: object) -> Widget:
    config: Config = dataclasses.replace(widget.services.infra.config, **changes)  # type: ignore[arg-type]
    return Widget(app_for(config, clock=clock, sleep=clock.forward), widget.outside, clock, widget.portals)


def test_another_host_goes_on_where_the_lost_one_was(
    make_widget: Callable[..., Widget], databases: list[str], clock: Clock, tmp_path: Path
) -> None:
    lost, file = make_widget(database=databases[0]), tmp_path / "widget.backup"
    card = lost.open().reveal().check()
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    card.send(chat, "Добрый день", "key-1")
    assert run(lost, "backup", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Добрый день".encode() not in file.read_bytes()
    assert run(lost, "backup", str(file)).exit_code == 1  # one that is there stays

    new = elsewhere(lost, clock, database_url=databases[1])
    restored = run(new, "restore", str(file))
    assert (restored.exit_code, restored.output.split(".")[0]) == (0, "2 portals")
    new.outside.reset()
    again = new.open().reveal()
    assert again.rows[ORDERS_ROW] == "yes"  # known without asking
    assert "is-sent" in again.send(chat, "Добрый день", "key-1").text  # one key is one message for ever
    assert "sendText" not in new.outside.calls()
    spent = [
        old.services.presence.check_budget.remaining(old.services.storage.lines.of(old.portals[0])[0])
        for old in (lost, new)
    ]
    assert spent[0] == spent[1]
    for each in (lost, new):
        each.services.storage.usage.flush()
        each.services.storage.engine.dispose()


def test_a_database_with_something_in_it_is_left_alone(widget: Widget, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "not empty" in run(widget, "restore", str(tmp_path / "file")).output


def test_other_keys_than_those_of_the_backup_are_noticed(
    make_widget: Callable[..., Widget], clock: Clock, tmp_path: Path
) -> None:
    lost = make_widget(database=f"sqlite:///{tmp_path / 'lost.sqlite3'}")
    run(lost, "backup", str(tmp_path / "file"))
    keys = (Fernet.generate_key().decode(),)
    new = elsewhere(lost, clock, database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}", encryption_keys=keys)
    told = run(new, "restore", str(tmp_path / "file"))
    assert told.exit_code == 1
    assert "2 lines open with none of ENCRYPTION_KEYS" in told.output
