"""For the operator: alive, ready, counted; and what a rep still gets when a store is gone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stand import Clock, Outside, Widget, config_for
from widget import create_app
from widget.storage.database import upgrade
from widget.version import VERSION

MakeWidget = Callable[..., Widget]


def test_alive_and_ready(make_widget: MakeWidget, redis_url: str) -> None:
    client = make_widget(redis_url=redis_url).app.test_client()

    assert client.get("/health/live").get_json() == {"ok": True, "version": VERSION}
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()) == (200, {"database": True, "cache": True, "queue": True})


def test_without_a_redis_setting_the_cache_is_always_ready(widget: Widget) -> None:
    assert widget.app.test_client().get("/health/ready").get_json()["cache"] is True


def test_a_redis_that_is_gone_is_named_and_the_process_stays_alive(make_widget: MakeWidget, tmp_path: Path) -> None:
    client = make_widget(redis_url=f"unix://{tmp_path}/nobody.sock").app.test_client()

    ready = client.get("/health/ready")

    assert (ready.status_code, ready.get_json()) == (503, {"database": True, "cache": False, "queue": True})
    assert client.get("/health/live").status_code == 200


def test_a_queue_that_is_gone_is_named(outside: Outside, clock: Clock, tmp_path: Path) -> None:
    config = config_for(outside, f"sqlite:///{tmp_path / 'widget.sqlite3'}", jobs_file=str(tmp_path / "gone" / "jobs"))
    app = create_app(config, clock=clock)
    upgrade(app.extensions["widget"].storage.engine)

    ready = app.test_client().get("/health/ready")

    assert (ready.status_code, ready.get_json()["queue"]) == (503, False)


def test_a_database_that_is_gone_is_named(make_widget: MakeWidget, tmp_path: Path) -> None:
    home = tmp_path / "disk"
    home.mkdir()
    widget = make_widget(database=f"sqlite:///{home / 'widget.sqlite3'}")
    client = widget.app.test_client()
    assert client.get("/health/ready").status_code == 200

    widget.services.storage.engine.dispose()
    shutil.rmtree(home)

    assert client.get("/health/ready").get_json() == {"database": False, "cache": True, "queue": True}
    assert client.get("/health/live").status_code == 200


def test_without_its_redis_a_card_is_drawn_and_nothing_is_asked(
    make_widget: MakeWidget, outside: Outside, tmp_path: Path
) -> None:
    """The limits protect the company's account: what cannot be counted is not asked."""
    widget = make_widget(redis_url=f"unix://{tmp_path}/nobody.sock")
    card = widget.open(lang="en").reveal()

    assert card.rows["+7 926 111-22-33"] == "cannot_count"
    assert "Checks are unavailable for the moment" in card.words
    card.check(list(card.keys.values()))
    assert card.rows["+7 926 111-22-33"] == "cannot_count"
    assert card.refresh().answer.status_code == 200
    assert "check-exists" not in outside.calls("gateway")

    chat = card.open_chat(card.keys["+7 926 111-22-33"]).chat
    assert "is-sent" in card.send(chat, "Добрый день", "key-1").text


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_the_operators_pages_call_nobody_and_tell_nothing_of_clients(
    widget: Widget, outside: Outside, path: str
) -> None:
    card = widget.open().reveal().check()
    card.send(card.open_chat(card.keys["+7 926 111-22-33"]).chat, "Секретная скидка", "key-1")
    calls = outside.calls("portal"), outside.calls("gateway")

    answer = card.client.get(path)

    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    for secret in ("9619510000", "9261112233", "Петров", "Секретная", "127.0.0.1", "a1f0c3d2", "sandbox-gateway-key"):
        assert secret not in text
    assert (outside.calls("portal"), outside.calls("gateway")) == calls


def test_the_counters_count_reveals_checks_sends_and_refusals(widget: Widget, outside: Outside) -> None:
    card = widget.open().reveal().check()
    widget.services.storage.portals.set_visibility(
        widget.portals[0], type(widget.services.storage.portals.all()[0].visibility).FACTS
    )
    widget.open().reveal(pressed=False)
    chat = card.open_chat(card.keys["+7 926 111-22-33"]).chat
    card.send(chat, "Добрый день", "key-1")
    card.open_chat("0" * 24)

    text = card.client.get("/metrics").get_data(as_text=True)

    for line in (
        'widget_reveals_total{how="pressed"} 1.0',
        'widget_reveals_total{how="itself"} 1.0',
        'widget_checks_total{answer="yes"} 2.0',
        'widget_checks_total{answer="no"} 1.0',
        'widget_sends_total{state="sent"} 1.0',
        'widget_refusals_total{code="not_allowed"} 1.0',
        f'widget_build_info{{version="{VERSION}"}} 1.0',
    ):
        assert line in text
