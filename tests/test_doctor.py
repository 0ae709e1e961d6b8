"""`flask doctor`: what is wrong, and what to do about it."""

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.valkey import Valkey
from tests.stand import Clock, Widget
from widget.storage.lines import Mirroring
from widget.storage.mirrors import New, PieceKind

MakeWidget = Callable[..., Widget]
VERSIONS = Path(__file__).parents[1] / "widget/storage/migrations/versions"
NEWEST = max(file.name for file in VERSIONS.glob("0*.py"))[:4]
PRODUCTION = {"public_url": "https://widget.example.com", "trusted_proxies": 1}


def said(widget: Widget) -> tuple[int, str]:
    result = widget.app.test_cli_runner().invoke(args=["doctor"])
    return result.exit_code, result.output


def test_what_is_wrong_is_told_with_its_cure(make_widget: MakeWidget, redis_url: str) -> None:
    code, told = said(make_widget(redis_url=redis_url))
    assert code == 1
    for line in (
        "WRONG PUBLIC_URL: not set",
        "WRONG TRUSTED_PROXIES: 0",
        "WRONG redis appendonly: no",
        "WRONG worker: none has run yet",
        "→ start `flask worker`",
        f"ok    tables: at {NEWEST}",
        "ok    database: takes writes",
    ):
        assert line in told


def test_a_healthy_service_is_well(make_widget: MakeWidget) -> None:
    with Valkey(persist=True) as server:
        widget = make_widget(redis_url=server.url, **PRODUCTION, allow_http=True)
        jobs = widget.services.jobs
        jobs.heartbeat()
        jobs.queue.execute(next(task for task in jobs.queue._registry.periodic_tasks if task.name == "lines"))
        told = said(widget)[1]
    # The simulated portal and gateway are plain http on this machine, which no production is.
    assert [line for line in told.splitlines() if line.startswith("WRONG")] == [
        line for line in told.splitlines() if "ALLOW_HTTP" in line or ("clock of" in line and line.startswith("WRONG"))
    ]


def test_stores_that_are_gone_are_named_and_the_rest_is_looked_at(make_widget: MakeWidget) -> None:
    code, told = said(make_widget(redis_url="redis://127.0.0.1:1/0"))
    assert code == 1
    assert "WRONG redis: out of reach (ConnectionError)" in told
    assert "events that wait: 0" in told


def test_a_full_disk_open_lines_and_clients_who_wait_are_told(
    make_widget: MakeWidget, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = make_widget()
    stored, portal = widget.services.storage, widget.portals[0]
    line = stored.lines.of(portal)[0]
    chat, _new = stored.chats.remember(portal, line.id, "+79619510000")
    stored.mirrors.put(chat, New("k", PieceKind.CLIENT))
    stored.conversations.waits.recounted(chat, since=clock.now, theirs_at=clock.now, answered_at=0.0)
    stored.lines.set_mirroring(portal, line.id, Mirroring.STOPPED, open_line=3)
    clock.forward(3 * 3600)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: namedtuple("Usage", "free")(5_000_000))
    told = said(widget)[1]
    for line_told in (
        "WRONG messages into open lines that wait: 1, the oldest for 10800 s",
        "WRONG portals whose open line is gone: ",
        "ok    clients who wait: 1, 1 of them for more than an hour",
        ": 5 MB free",
    ):
        assert line_told in told


def test_tables_of_a_newer_version_are_told_and_nothing_to_mend(make_widget: MakeWidget) -> None:
    widget = make_widget(**PRODUCTION)
    with widget.services.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "ok    tables: at 9999, of a newer version" in said(widget)[1]
