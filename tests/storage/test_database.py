from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from tests.stand import OF_THE_PRODUCT
from tests.storage.conftest import Store
from widget.storage import database
from widget.storage.database import open_database, upgrade
from widget.storage.messages import Body
from widget.storage.postgresql import PATIENCE
from widget.storage.schema import metadata
from widget.storage.tokens import Token


def test_the_migrations_make_exactly_the_tables_of_the_schema(engine):
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": in_both}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def in_both(name: str | None, _kind: str, _parents: object) -> bool:
    """All but what each database has instead of the other's index of lists:
    storage/chat_names.py."""
    return name not in ("ix_chats_names", "chat_names")


def test_a_column_that_no_migration_made_would_be_noticed(engine):
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE lines DROP COLUMN number"))
        assert compare_metadata(MigrationContext.configure(connection), metadata) != []


def test_upgrading_again_changes_nothing_and_keeps_the_rows(store):
    upgrade(store.engine)
    assert [portal.member_id for portal in store.portals.all()] == ["one", "two"]


def test_a_host_of_the_version_before_starts_beside_tables_of_a_newer_one(store):
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert upgrade(store.engine) == "9999"
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    assert [portal.member_id for portal in store.portals.all()] == ["one", "two"]


def test_four_upgrades_of_an_empty_database_at_once_all_end_well(engine):
    tables = set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        for table in (*(tables - metadata.tables.keys()), *reversed(metadata.sorted_tables)):
            connection.execute(text(f"DROP TABLE {table}"))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(upgrade, [engine] * 4)) == [""] * 4

    assert set(inspect(engine).get_table_names()) == tables >= {*metadata.tables, "alembic_version"}


def test_an_id_may_have_63_bits_and_one_that_no_row_has_is_not_found(store):
    largest = 2**63 - 1
    chat, _new = store.chats.remember(store.one, store.line_one, "+79619510000", user_id=largest)
    assert store.chats.get(store.one, chat.id) == chat
    assert chat.created_by == largest
    assert store.chats.get(store.one, largest) is None
    assert store.portals.get(largest) is None


def test_what_holds_a_nul_is_stored_and_found_again(store):
    chat, _new = store.chats.remember(store.one, store.line_one, "+79619510000", chat_ids=["a\x00b"])
    store.messages.grow(store.one, store.line_one, "a\x00b", "m\x00", lambda _known: Body("text", 1.0, True))

    assert len(store.messages.chat_ids_of(store.one, store.line_one, "m\x00")) == 1
    assert store.conversations.called(store.one, store.line_one, ["a\x00b"], [], "M") == ([chat], [])


def test_postgresql_waits_neither_for_a_lock_nor_for_a_statement_without_end(engine):
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        told = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in PATIENCE}
    assert told == PATIENCE


def test_each_store_is_waited_for_as_long_as_it_was_decided():
    """What the product says, and not what tests/conftest.py makes of it."""
    decided = [
        *(("socket_timeout", 0.3), ("socket_connect_timeout", 0.3), ("sqlite", 5.0)),
        *(("statement_timeout", "15s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "60s")),
        *(("connect_timeout", 5), ("tcp_user_timeout", 15_000), ("keepalives_idle", 30)),
    ]
    assert {name: told for name, told in OF_THE_PRODUCT.items() if name != "retry"} == dict(decided)


def test_a_secret_that_opens_with_no_key_takes_nothing_else_along(store):
    store.tokens.put(store.one, 7, Token("access", "refresh", 1.0))
    store.portals.set_application_token(store.one, "application-token")
    others = Store(store.engine, store.clock, key=Fernet.generate_key().decode())

    line = others.lines.of(store.one)[0]
    assert (line.name, line.key, line.hook_secret) == ("Sales", "", "")
    assert others.tokens.find(store.one, 7) is None
    assert others.portals.application_token(store.one) == ""


def test_a_portal_takes_everything_of_its_own_with_it_and_nothing_else(store):
    for portal, line in ((store.one, store.line_one), (store.two, store.line_two)):
        chat, _new = store.chats.remember(portal, line, "+79619510000")
        store.sends.begin(portal, chat.id, send_key="k", user_id=1, text="t", message_id="M")
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM portals WHERE id = :id"), {"id": store.one})
        left = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("lines", "chats", "sends")
        }
    assert left == {"lines": 1, "chats": 1, "sends": 1}


def test_sqlite_waits_for_a_writer_and_reads_beside_it(database_file):
    engine = open_database(f"sqlite:///{database_file}")
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 1000 * database.WRITER_SECONDS
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)
    engine.dispose()
