"""what changed lately is found by its time, marks of waiting clients by an index, and chats by their names in SQLite"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

# An index of lists: see storage/chat_names.py.
SQLITE = (
    """CREATE TABLE chat_names (
        line_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE
    )""",
    'CREATE INDEX ix_chat_names_line_id_name_chat_id ON chat_names (line_id, name, chat_id)',
    'CREATE INDEX ix_chat_names_chat_id ON chat_names (chat_id)',
    """INSERT INTO chat_names (line_id, name, chat_id)
        SELECT chats.line_id, each.value, chats.id FROM chats, json_each(chats.chat_ids) AS each""",
    """CREATE TRIGGER chat_names_of_a_new_chat AFTER INSERT ON chats BEGIN
        INSERT INTO chat_names (line_id, name, chat_id)
            SELECT new.line_id, each.value, new.id FROM json_each(new.chat_ids) AS each;
    END""",
    """CREATE TRIGGER chat_names_of_a_changed_chat AFTER UPDATE OF chat_ids, line_id ON chats
        WHEN old.chat_ids != new.chat_ids OR old.line_id != new.line_id BEGIN
        DELETE FROM chat_names WHERE chat_id = old.id;
        INSERT INTO chat_names (line_id, name, chat_id)
            SELECT new.line_id, each.value, new.id FROM json_each(new.chat_ids) AS each;
    END""",
)


def upgrade() -> None:
    written, marks = sa.text('last_at != 0'), sa.text("substr(name, 1, 6) = 'waits-'")
    for table in ('timelines', 'card_fields'):
        op.add_column(table, sa.Column('behind', sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_index(
        'ix_chats_written', 'chats', ['portal_id', 'last_at'], postgresql_where=written, sqlite_where=written
    )
    op.create_index('ix_records_marks', 'records', ['portal_id'], postgresql_where=marks, sqlite_where=marks)
    if op.get_bind().dialect.name == 'sqlite':
        for statement in SQLITE:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TRIGGER chat_names_of_a_changed_chat')
        op.execute('DROP TRIGGER chat_names_of_a_new_chat')
        op.execute('DROP TABLE chat_names')
    op.drop_index('ix_records_marks', table_name='records')
    op.drop_index('ix_chats_written', table_name='chats')
    for table in ('card_fields', 'timelines'):
        op.drop_column(table, 'behind')
