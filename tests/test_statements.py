"""What a send and a tick cost the database, counted from outside the service."""

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from sandbox.people import ORDERS_MOSCOW
from tests.stand import Clock, Outside, Widget, config_for, start_widget
from tests.webhooks.gateways import Caller, PlainWebhooks, tick
from widget.chats.sending import message_id_of
from widget.gateways.base import Ack
from widget.gateways.serialization import events_json

ORDERS_ID = f"{ORDERS_MOSCOW.phone[1:]}@c.us"


def watch(engine: Engine) -> Counter[str]:
    """How many statements and transactions the engine runs from now on."""
    seen: Counter[str] = Counter()
    event.listen(engine, "before_cursor_execute", lambda *_: seen.update(["statements"]))
    event.listen(engine, "begin", lambda *_: seen.update(["transactions"]))
    return seen


@pytest.fixture
def widget(outside: Outside, clock: Clock, empty_database: str) -> Widget:
    """Without the log of calls to Bitrix24, which is written beside them."""
    config = config_for(outside, empty_database, rest_log_days=0)
    return start_widget(outside, config, clock, webhooks={"waha": PlainWebhooks()})


@pytest.fixture
def send(widget: Widget) -> Callable[[str], None]:
    """Sends into a chat that has begun, of a card that is open."""
    page = widget.open(lang="en").reveal()
    page.open_chat(page.keys["+7 926 111-22-33"])
    chat = page.chat

    def send(key: str) -> None:
        widget.clock.forward(2)
        page.send(chat, f"Hello, {key}", key)
        assert page.answer.status_code == 201

    send("first")
    send("the employees' names are remembered now")
    return send


def test_a_send_is_six_statements_in_three_transactions(send: Callable[[str], None], widget: Widget) -> None:
    """What is known before it, also whether a colleague has just written; its row, before the
    gateway is asked; its end with its trail, and what that means."""
    seen = watch(widget.services.storage.engine)
    send("second")
    assert seen == {"statements": 6, "transactions": 3}

    seen.clear()
    send("second")  # the same press once more
    assert seen == {"statements": 1, "transactions": 1}


@pytest.mark.usefixtures("send")
def test_a_tick_is_seven_statements_with_its_job(widget: Widget) -> None:
    gateway, message = Caller(widget), message_id_of(widget.portals[0], "first")
    how = {"path": gateway.path, "secret": gateway.line.hook_secret}
    told = [tick(ack, message, at=widget.clock(), ids=(ORDERS_ID,)) for ack in (Ack.DELIVERED, Ack.READ)]
    delivered, read = (events_json([each]).encode() for each in told)
    assert gateway.post(delivered, **how).status_code == 200  # the first that arrives proves the number besides

    seen = watch(widget.services.storage.engine)
    assert gateway.post(read, **how).status_code == 200
    assert seen == {"statements": 7, "transactions": 5}
