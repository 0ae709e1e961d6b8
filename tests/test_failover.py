"""Redis after a failover that moved its address, with a full memory, and not there yet; a disk that
is full."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from huey.consumer import Consumer
from sqlalchemy import event

from sandbox.postgres import Postgres
from sandbox.valkey import Valkey
from tests.stand import CardPage, Clock, Widget
from widget.jobs.queue import Jobs, open_queue

MakeWidget = Callable[..., Widget]
IVAN_ROW, ORDERS_ROW = "+7 961 951-00-00", "+7 926 111-22-33"


@pytest.fixture
def address(valkey: Valkey, redis_url: str, tmp_path: Path) -> Iterator[Path]:
    """A name of the server that can be made another's."""
    link = tmp_path / "redis.sock"
    link.symlink_to(valkey.socket)
    yield link


def move(address: Path, server: Valkey) -> None:
    address.unlink()
    address.symlink_to(server.socket)


def counted(widget: Widget) -> str:
    return widget.app.test_client().get("/metrics").get_data(as_text=True)


def ready(widget: Widget) -> dict[str, bool]:
    told: dict[str, bool] = widget.app.test_client().get("/health/ready").get_json()
    return told


def test_after_a_failover_that_moved_the_address_cards_check_as_before(make_widget: MakeWidget, address: Path) -> None:
    with Valkey() as old, Valkey() as new:
        move(address, old)
        widget = make_widget(redis_url=f"unix://{address}")
        cards = [widget.open().reveal() for _ in range(3)]
        cards[0].check([cards[0].keys[ORDERS_ROW]])

        old.become_replica()
        assert ready(widget)["cache"] is False
        move(address, new)

        assert ready(widget)["cache"] is True
        for card in cards:
            assert card.refresh().answer.status_code == 200
            assert card.check().rows[ORDERS_ROW] == "yes"


def test_a_redis_without_room_is_not_ready(make_widget: MakeWidget, valkey: Valkey, redis_url: str) -> None:
    widget = make_widget(redis_url=redis_url)
    valkey.fill_memory()
    try:
        assert ready(widget)["cache"] is False
        assert 'widget_store_up{store="cache"} 0.0' in counted(widget)
    finally:
        valkey.empty_memory()
    assert ready(widget)["cache"] is True


def test_the_worker_waits_for_a_redis_that_is_not_there_yet(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, valkey: Valkey, redis_url: str
) -> None:
    address, waits = tmp_path / "redis.sock", list[float]()
    jobs = Jobs(lambda: open_queue(redis_url=f"unix://{address}", file="", secret="s" * 40), clock)
    monkeypatch.setattr(Consumer, "run", lambda _consumer: None)

    def come_after_two_waits(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            address.symlink_to(valkey.socket)

    jobs.run(nullcontext, sleep=come_after_two_waits)

    assert len(waits) == 2
    assert jobs.last_heartbeat() == clock.now


@pytest.fixture
def full(make_widget: MakeWidget) -> tuple[Widget, CardPage, int]:
    """A widget whose disk is full since a card was open and a chat in it."""
    widget = make_widget()
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    card.send(chat, "Добрый день", "key-1")
    engine = widget.services.storage.engine
    refusing = "PRAGMA query_only=ON" if engine.dialect.name == "sqlite" else "SET default_transaction_read_only = on"

    @event.listens_for(engine, "connect")
    def take_no_writes(connection: object, _record: object) -> None:
        connection.execute(refusing)  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    engine.dispose()
    return widget, card, chat


def test_with_a_full_disk_chats_and_cards_are_still_read_and_ready_says_so(
    full: tuple[Widget, CardPage, int],
) -> None:
    widget, card, chat = full
    widget.outside.answer_as_client("+79619510000", "А подоконники?")

    assert "А подоконники?" in card.history(chat).text
    assert card.post("/card/again", {"version": "x", "line": None}).answer.status_code == 200
    assert card.check([card.keys[ORDERS_ROW]]).rows[ORDERS_ROW] == "cannot_count"
    assert ready(widget)["database"] is False


def test_without_its_database_the_service_says_so_and_is_well_again_by_itself(
    make_widget: MakeWidget, postgres: Postgres
) -> None:
    name = postgres.new_database(copy_of="migrated")
    widget = make_widget(database=postgres.url(name))
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    with postgres.away(name):
        gone = card.send(chat, "Добрый день", "key-1")
        assert (gone.answer.status_code, gone.refusal) == (503, "store_gone")
        assert gone.answer.headers["Retry-After"] == "2"
        assert "nothing goes out twice" in gone.text
        assert 'widget_store_up{store="database"} 0.0' in counted(widget)
    assert "is-sent" in card.send(chat, "Добрый день", "key-1").text
    widget.services.storage.usage.flush()
    widget.services.storage.engine.dispose()
    postgres.drop(name)
