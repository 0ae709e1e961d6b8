"""No statement of a hot path reads a whole table: PostgreSQL's own plans, with no table too small for an index."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from sandbox.people import ORDERS_MOSCOW
from sandbox.postgres import Postgres
from tests.stand import MIGRATED, Clock, Outside, Widget, config_for, start_widget
from tests.webhooks.gateways import Caller, PlainWebhooks, tick
from widget.chats.sending import message_id_of
from widget.gateways.base import Ack

ORDERS_ID = f"{ORDERS_MOSCOW.phone[1:]}@c.us"
# All portals are meant, once a minute; and what waits, or is done, is looked through once a night.
MEANT = {("SELECT", "portals"), ("DELETE", "inbox"), ("DELETE", "events"), ("DELETE", "changes")}

Statement = tuple[str, Any]


@pytest.fixture
def widget(outside: Outside, clock: Clock, postgres: Postgres) -> Iterator[Widget]:
    name = postgres.new_database(copy_of=MIGRATED)
    widget = start_widget(outside, config_for(outside, postgres.url(name)), clock, webhooks={"waha": PlainWebhooks()})
    yield widget
    widget.services.storage.usage.flush()
    widget.services.storage.engine.dispose()
    postgres.drop(name)


@pytest.fixture
def watched(widget: Widget) -> list[Statement]:
    """What the database is asked from now on."""
    seen: list[Statement] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "DELETE", "INSERT"):
            seen.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    event.listen(widget.services.storage.engine, "before_cursor_execute", hear)
    return seen


def indexes_of(engine: Engine) -> dict[str, tuple[str, str]]:
    """Each index: its table, and the column that it is ordered by first."""
    query = """SELECT i.relname, t.relname, a.attname
               FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
               JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
               WHERE t.relnamespace = 'public'::regnamespace"""
    with engine.connect() as connection:
        return {index: (table, column) for index, table, column in connection.execute(text(query))}


def tables_read_whole(plan: dict[str, Any], indexes: dict[str, tuple[str, str]]) -> Iterator[str]:
    """The tables that a plan reads from end to end, be it along an index."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    if index := plan.get("Index Name"):
        table, first = indexes[index]
        if not re.search(rf"\b{first}\b", plan.get("Index Cond", "")):
            yield table
    for part in plan.get("Plans", ()):
        yield from tables_read_whole(part, indexes)


def read_whole(engine: Engine, statements: list[Statement]) -> set[str]:
    """Statements that no index serves, with the table that each reads."""
    found, indexes = set(), indexes_of(engine)
    with engine.connect() as connection:
        for way in ("seqscan", "hashjoin", "mergejoin"):  # which are cheaper where tables are empty
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        for statement, parameters in dict(statements).items():
            plans = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
            tables = tables_read_whole(plans[0]["Plan"], indexes)
            found |= {f"{table}: {statement}" for table in tables if (statement.split()[0], table) not in MEANT}
    return found


# Read whole, and rightly: one row a portal, and two that run once an hour or a night.
COLD = (
    "FROM timelines",
    "FROM card_fields",
    "SELECT DISTINCT chats.portal_id, chats.owner_id",
    "DELETE FROM mirrored WHERE mirrored.created_at",
)


def test_no_statement_of_a_card_a_chat_a_webhook_or_a_round_reads_a_whole_table(
    widget: Widget, watched: list[Statement]
) -> None:
    gateway = Caller(widget)
    page = widget.open(lang="en").reveal()
    page.check()
    page.refresh()
    page.open_chat(page.keys["+7 926 111-22-33"])
    chat = page.chat
    page.send(chat, "Hello", "first")
    page.history(chat)
    message = message_id_of(widget.portals[0], "first")
    assert gateway.tell(tick(Ack.READ, message, at=widget.clock(), ids=(ORDERS_ID,))) == 200
    widget.open(lang="en").reveal()
    services = widget.services
    for task in services.jobs.queue._registry.periodic_tasks:
        services.jobs.queue.execute(task)
    assert len(watched) > 60

    hot = [each for each in watched if not any(cold in str(each[0]) for cold in COLD)]
    assert read_whole(services.storage.engine, hot) == set()


def test_a_statement_without_an_index_is_noticed(widget: Widget) -> None:
    told: list[Statement] = [("SELECT id FROM chats WHERE last_at = %(at)s", {"at": 1.0})]
    assert len(read_whole(widget.services.storage.engine, told)) == 1
