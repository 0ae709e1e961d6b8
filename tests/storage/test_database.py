from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from widget.storage.database import open_database, upgrade
from widget.storage.schema import metadata


def test_the_migrations_make_exactly_the_tables_of_the_schema(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_column_that_no_migration_made_would_be_noticed(engine):
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE lines DROP COLUMN number"))
        assert compare_metadata(MigrationContext.configure(connection), metadata) != []


def test_upgrading_again_changes_nothing_and_keeps_the_rows(store):
    upgrade(store.engine)
    assert [portal.member_id for portal in store.portals.all()] == ["one", "two"]


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
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 5000
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)
    engine.dispose()
