"""No statement of a hot path reads a whole table, nor all that a portal has of what grows: the
databases' own plans.

PostgreSQL gets some hundred rows to have statistics of, and is told to do without its ways for
tables that are small, as these are: what is left is whether an index serves. Then, with all its
ways, it is made to believe that there are a million messages and ten thousand portals. SQLite,
which has no statistics here, plans for a table of any size.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, inspect, text

from sandbox.people import ORDERS_MOSCOW
from sandbox.postgres import Postgres
from tests.stand import MIGRATED, Clock, Outside, Widget, config_for, start_widget
from tests.storage.conftest import KINDS
from tests.webhooks.gateways import Caller, PlainWebhooks, tick, written
from widget.chats.sending import message_id_of
from widget.gateways.base import Ack
from widget.storage.mirrors import New, PieceKind, State
from widget.storage.schema import metadata
from widget.storage.timelines import TimelineMode, TimelineSettings

ORDERS_ID = f"{ORDERS_MOSCOW.phone[1:]}@c.us"
# All portals and lines are meant, once a minute; and what waits, or is done, is looked through once
# a night.
MEANT = {*(("SELECT", name) for name in ("portals", "turns", "line_health", "inbox"))}
MEANT |= {*(("DELETE", name) for name in ("inbox", "events", "changes"))}
# One portal may have a million of them: an index that leads to all of a portal or a line is none.
MANY = {"chats", "messages", "sends", "mirrored", "counted", "presences"}
LARGE = {**dict.fromkeys(MANY - {"counted"}, 1_000_000), **dict.fromkeys(("portals", "lines"), 10_000)}
COARSE = {"portal_id", "line_id", "network"}
# Indexes of a few rows alone: one may be read whole.
PARTIAL = {
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"].get("where") is not None and index.name != "ix_chats_written"
}

Statement = tuple[str, Any]


@pytest.fixture(params=KINDS)
def widget(request: pytest.FixtureRequest, outside: Outside, clock: Clock, tmp_path: Any) -> Iterator[Widget]:
    address = f"sqlite:///{tmp_path / 'widget.sqlite3'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = server.new_database(copy_of=MIGRATED)
        request.addfinalizer(lambda: server.drop(name))
        address = server.url(name)
    widget = start_widget(outside, config_for(outside, address), clock, webhooks={"waha": PlainWebhooks()})
    yield widget
    widget.services.storage.usage.flush()
    widget.services.storage.engine.dispose()


@pytest.fixture
def watched(widget: Widget) -> list[Statement]:
    """What the database is asked from now on."""
    seen: list[Statement] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "DELETE", "INSERT"):
            seen.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    event.listen(widget.services.storage.engine, "before_cursor_execute", hear)
    return seen


def too_coarse(table: str, columns: set[str]) -> bool:
    """Whether an index that is asked by these columns leads to too many rows."""
    return not columns or (table in MANY and columns <= COARSE)


def read_by_postgresql(engine: Engine, statement: str, parameters: Any) -> Iterator[str]:
    """The tables of which a statement reads too much."""
    query = """SELECT i.relname, t.relname, pg_get_indexdef(x.indexrelid, 1, true)
               FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
               JOIN pg_class t ON t.oid = x.indrelid WHERE t.relnamespace = 'public'::regnamespace"""
    with engine.connect() as connection:
        for way in ("seqscan", "hashjoin", "mergejoin"):  # which are cheaper where tables are empty
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        indexes = {index: more for index, *more in connection.execute(text(query))}
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
    parts, columns = [plan], {column.name for table in metadata.sorted_tables for column in table.c}
    for part in parts:
        parts += part.get("Plans", ())
        if part["Node Type"] == "Seq Scan":
            yield part["Relation Name"]
        if index := part.get("Index Name"):
            table, first = indexes[index]
            asked = columns & set(re.findall(r"\w+", part.get("Index Cond", "")))
            whole = first in columns - asked  # its first column is passed over
            if index not in PARTIAL and (whole or too_coarse(table, asked)):
                yield table


def read_by_sqlite(engine: Engine, statement: str, parameters: Any) -> Iterator[str]:
    """The same."""
    with engine.connect() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    known = set(inspect(engine).get_table_names())
    for step in steps:
        how, table, rest = re.fullmatch(r"([\w-]+) (\S+) ?(.*)", step[3]).groups()  # type: ignore[union-attr]
        columns = set(re.findall(r"(\w+)[=<>]", rest)) if how == "SEARCH" else set()
        few = any(index in rest.split() for index in PARTIAL)
        if how in ("SCAN", "SEARCH") and table in known and not few and too_coarse(table, columns):
            yield table


def read_whole(engine: Engine, statements: list[Statement]) -> set[str]:
    """Statements that no index serves, with the table that each reads."""
    read = read_by_sqlite if engine.dialect.name == "sqlite" else read_by_postgresql
    return {
        f"{table}: {statement}"
        for statement, parameters in dict(statements).items()
        for table in read(engine, statement, parameters)
        if (statement.split()[0], table) not in MEANT
    }


# Read whole, and rightly: one row a portal; what runs once an hour or a night; the chats of one
# portal, for a page of an administrator; what a line's mirrors still had, when they are switched
# off.
COLD = (
    "FROM timelines",
    "DELETE FROM counted",
    "DELETE FROM presences",
    "FROM card_fields",
    "SELECT DISTINCT notices.portal_id",  # those that are out
    "UPDATE timelines SET behind",
    "UPDATE card_fields SET behind",
    "chats.phone LIKE",  # clients without a phone, of a line, once a night
    "FROM reply_uses",  # how often each quick reply of a portal was used
    "SELECT DISTINCT chats.portal_id, chats.owner_id",
    "DELETE FROM mirrored WHERE mirrored.created_at",
    "max(chats.last_at) AS ",
    "SET answered_at=chats.theirs_at",  # of chats whose messages are wiped, once a night
    "UPDATE mirrored SET state=%(state)s::VARCHAR, sealed",
    "UPDATE mirrored SET state=?, sealed=? WHERE mirrored.portal_id",
)


def a_day(widget: Widget) -> None:
    """A card, a chat, what webhooks tell, what goes into open lines and timelines, who waits, a
    worker's round."""
    gateway, stored, portal = Caller(widget), widget.services.storage, widget.portals[0]
    page = widget.open(lang="en").reveal()
    page.check()
    page.refresh()
    page.open_chat(page.keys["+7 926 111-22-33"])
    chat = page.chat
    page.send(chat, "Hello", "first")
    page.history(chat)
    message = message_id_of(portal, "first")
    assert gateway.tell(tick(Ack.READ, message, at=widget.clock(), ids=(ORDERS_ID,))) == 200
    assert gateway.tell(tick(Ack.READ, message, at=widget.clock(), ids=())) == 200
    gateway.tell(written("M2", at=widget.clock(), ids=(ORDERS_ID,)))
    gateway.tell(written("M3", at=widget.clock(), ids=("12345@lid",)))
    page.post("/card/news", {"keys": list(page.keys.values()), "marks": "", "chat": chat, "since": ""})
    page.get(f"/chats/{chat}/beside")
    app = widget.open("/app/", user="admin", lang="en")
    app.session = app.text.split('data-session="')[1].split('"')[0]
    app.post("/app/waiting", {})
    row = stored.chats.get(portal, chat)
    stored.sends.trail.of(stored.sends.by_key(portal, "first"))
    stored.ignores.add(portal, row.line_id, ["+79990000000"], 1)
    stored.ignores.ignores(portal, row.line_id, ["+79990000000"])
    mirrors, put = (
        stored.mirrors,
        stored.mirrors.put(row, New("k", PieceKind.CLIENT, im_id=7), New("l", PieceKind.CARD)),
    )
    mirrors.hasten(row, "k")
    assert put in [mirror_id for _portal, mirror_id in mirrors.due()]
    mirror = mirrors.take(put)
    mirrors.end(mirrors.next(mirror), State.DONE, im_id=7)
    assert mirrors.has(mirror, "k")
    assert mirrors.waits(mirrors.of_chat(portal, chat))
    mirrors.ended_as(portal, 7, [PieceKind.CLIENT])
    mirrors.release(mirror)
    mirrors.there(row, 0.0)
    lately = stored.timelines.backlog.since(behind=False)
    for mode in (TimelineMode.END, TimelineMode.DAY):
        stored.timelines.save(portal, TimelineSettings(mode=mode))
        stored.timelines.due(portal, stored.timelines.settings(portal), [row.line_id], lately)
    stored.card_fields.due(portal, lately)
    stored.timelines.beside(stored.timelines.take(row, "2027-01-15", 1.0))
    widget.app.test_client().get("/metrics")
    for task in widget.services.jobs.queue._registry.periodic_tasks:
        widget.services.jobs.queue.execute(task)


def have_statistics(engine: Engine, portal: int, line: int) -> None:
    """Enough rows of one portal that an index of the portal alone is not as good as one that tells
    them apart."""
    tables = {
        "chats (portal_id, line_id, phone, chat_ids, proved, last_at, created_by, created_at)": (
            f"{portal}, {line}, 'p' || n, '[\"c' || n || '\"]', true, n, 0, n"
        ),
        "sends (portal_id, chat_id, send_key, user_id, text, state, reason, message_id, created_at, changed_at)": (
            f"{portal}, (SELECT max(id) FROM chats) - n / 2, 'k' || n, 1, '', 'read', '', 's' || n, n, n"
        ),
        "messages (portal_id, line_id, chat_id, message_id, at, from_me, body, changed_at)": (
            f"{portal}, {line}, 'c' || n, 'm' || n, 1.8e9 - n, true, '', 1.8e9 - n"
        ),
        "presences (portal_id, network, phone_key, record, until)": f"{portal}, 'whatsapp', 'k' || n, '', 9e9",
    }
    with engine.begin() as connection:
        for table, values in tables.items():
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT {values} FROM generate_series(1, 400) AS n")
            connection.exec_driver_sql(f"ANALYZE {table.split()[0]}")


def believe_large(engine: Engine) -> None:
    """The planner counts on a million rows of what grows, and on ten thousand portals and lines."""
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE portals, lines, mirrored, mirrors, usage")
        for table, rows in LARGE.items():
            connection.exec_driver_sql(f"UPDATE pg_class SET reltuples = {rows} WHERE oid = '{table}'::regclass")


def chosen_at_that_size(engine: Engine, statement: str, parameters: Any) -> set[str]:
    """The large tables that PostgreSQL would read whole, with its costs as they are."""
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
    parts = [plan]
    for part in parts:
        parts += part.get("Plans", ())
    return {part["Relation Name"] for part in parts if part["Node Type"] == "Seq Scan"} & LARGE.keys()


def test_no_statement_of_a_hot_path_reads_a_whole_table(widget: Widget, watched: list[Statement]) -> None:
    a_day(widget)
    assert len({statement for statement, _ in watched}) > 100
    hot = [each for each in watched if not any(cold in each[0] for cold in COLD)]
    engine = widget.services.storage.engine
    if engine.dialect.name == "postgresql":
        have_statistics(engine, widget.portals[0], Caller(widget).line.id)
    assert read_whole(engine, hot) == set()
    if engine.dialect.name == "postgresql":
        believe_large(engine)
        whole = {
            f"{table}: {statement}"
            for statement, parameters in dict(hot).items()
            for table in chosen_at_that_size(engine, statement, parameters)
            if (statement.split()[0], table) not in MEANT
        }
        assert whole == set()
        assert chosen_at_that_size(engine, "SELECT id FROM messages WHERE body = ''", ()) == {"messages"}


def test_a_statement_without_an_index_is_noticed(widget: Widget) -> None:
    for told in ("last_at = 1.0", "portal_id = 1 AND line_id = 2 AND owner_at = 3"):
        assert len(read_whole(widget.services.storage.engine, [(f"SELECT id FROM chats WHERE {told}", ())])) == 1
