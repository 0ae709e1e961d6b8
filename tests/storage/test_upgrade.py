"""A database that an older version filled keeps what it holds."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from sandbox.postgres import Postgres
from tests.stand import Clock
from tests.storage.conftest import KINDS, Store
from widget.storage.counted import Went
from widget.storage.database import open_database, upgrade
from widget.storage.inbox import Inbox
from widget.storage.schema import counted
from widget.storage.sends import SendState

BEFORE = "0007"  # webhooks waited among the events, counted messages among the messages
OLD = {
    "portals": {
        "id": 1,
        "member_id": "one",
        "domain": "one.example",
        "endpoint": "https://one.example/rest/",
        "country": "RU",
        "visibility": "button",
        "created_at": 1.0,
    },
    "lines": {
        "id": 1,
        "portal_id": 1,
        "name": "Sales",
        "gateway": "waha",
        "address": "https://gw.example",
        "session": "sales",
        "key": "",
        "number": "",
        "active": True,
        "created_at": 1.0,
    },
    "chats": {
        "id": 1,
        "portal_id": 1,
        "line_id": 1,
        "phone": "+79619510000",
        "chat_ids": "[]",
        "proved": False,
        "last_at": 0.0,
        "created_by": 2,
        "created_at": 1.0,
    },
    "sends": {
        "id": 1,
        "portal_id": 1,
        "chat_id": 1,
        "send_key": "k1",
        "user_id": 2,
        "text": "",
        "state": "unknown",
        "reason": "timed_out",
        "message_id": "M1",
        "created_at": 5.0,
        "changed_at": 5.0,
    },
}
MESSAGE = {"portal_id": 1, "line_id": 1, "from_me": True, "changed_at": 5.0}
EVENT = {"portal_id": 1, "received_at": 5.0, "attempts": 1, "next_try_at": 7.0, "error": ""}


def put(connection: Connection, table: str, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


@pytest.fixture(params=KINDS)
def old(request: pytest.FixtureRequest, database_file: Path, clock: Clock) -> Store:
    """The repositories over a database of the older version, filled with one of everything that
    moves."""
    if request.param == "sqlite":
        address = f"sqlite:///{database_file}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        address = server.url(server.new_database("old"))
        request.addfinalizer(lambda: server.drop("old"))
    engine = open_database(address)
    request.addfinalizer(engine.dispose)
    upgrade(engine, to=BEFORE)
    store = Store(engine, clock)
    with engine.begin() as connection:
        for table, row in OLD.items():
            put(connection, table, **row)
        for name, chat, body in (("C1", "", "1 500000"), ("C2", "", "3 500001"), ("T", "79619510000@c.us", "{}")):
            put(
                connection,
                "messages",
                **MESSAGE,
                chat_id=chat,
                message_id=name,
                at=0.0,
                body=store.secret_box.encrypt(body),
            )
        waits = f'{{"line": 1, "sealed": "{store.secret_box.encrypt("[]")}"}}'
        for event, body, done in (("GATEWAY", waits, 0.0), ("GATEWAY", waits, 6.0), ("ONAPPUPDATE", "{}", 0.0)):
            put(connection, "events", **EVENT, name=event, body=body, done_at=done)
        gone = waits.replace('"line": 1', '"line": 99')
        put(connection, "events", **EVENT, name="GATEWAY", body=gone, done_at=0.0)
    return store


def test_what_waits_and_what_was_counted_moves_along(old: Store) -> None:
    upgrade(old.engine, old.secret_box)

    with old.engine.connect() as connection:
        rows = connection.execute(counted.select().order_by(counted.c.message_id)).all()
        events = connection.execute(text("SELECT name FROM events")).scalars().all()
        messages = connection.execute(text("SELECT message_id FROM messages")).scalars().all()
    assert [tuple(row) for row in rows] == [
        (1, 1, "C1", Went.OUT.value, 500_000),
        (1, 1, "C2", (Went.OUT | Went.REFUSED).value, 500_001),
    ]
    assert (events, messages) == (["ONAPPUPDATE"], ["T"])
    inbox = Inbox(old.engine, old.secret_box, old.clock)
    (waiting,) = inbox.due()
    webhook = inbox.take(waiting)
    assert webhook
    assert (webhook.portal_id, webhook.line_id, webhook.events, webhook.attempts) == (1, 1, "[]", 2)
    (unclear,) = old.sends.unclear(1, 1, most=9)  # it is looked for from now on
    assert (unclear.send_key, unclear.state, unclear.reason) == ("k1", SendState.UNKNOWN, "timed_out")
