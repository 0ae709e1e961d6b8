"""indexes for what grows: chats by what a gateway calls them, sends by their message, the chats whose clients wait"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

MESSAGES = 'ix_messages_portal_id_line_id_message_id_chat_id'


def upgrade() -> None:
    """Who writes to these tables waits while the indexes are made, and who reads while the old ones go: those go last."""
    waits, taken = sa.text('waiting_since > 0'), sa.text('owner_was > 0')
    op.create_index(
        'ix_chats_waiting', 'chats', ['portal_id', 'waiting_since'], postgresql_where=waits, sqlite_where=waits
    )
    op.create_index(
        'ix_chats_taken', 'chats', ['portal_id', 'owner_was'], postgresql_where=taken, sqlite_where=taken
    )
    op.create_index(op.f('ix_sends_portal_id_message_id'), 'sends', ['portal_id', 'message_id'])
    op.create_index(op.f('ix_mirrored_mirror_id_state_due_at'), 'mirrored', ['mirror_id', 'state', 'due_at'])
    op.create_index(op.f(MESSAGES), 'messages', ['portal_id', 'line_id', 'message_id', 'chat_id'])
    # A chat that is deleted takes its own along: without these each looks through whole tables for them.
    op.create_index(op.f('ix_sends_chat_id_created_at'), 'sends', ['chat_id', 'created_at'])
    op.create_index(op.f('ix_mirrors_chat_id'), 'mirrors', ['chat_id'])
    op.create_index(op.f('ix_records_chat_id'), 'records', ['chat_id'])
    if op.get_bind().dialect.name == 'postgresql':
        # An array of the texts between quotation marks, and not jsonb, which takes no NUL.
        names = sa.text("string_to_array(chat_ids, '\"')")
        at_once = {'fastupdate': 'off'}  # or each look goes through up to 4 MB of what is not yet in the index
        op.create_index('ix_chats_names', 'chats', [names], postgresql_using='gin', postgresql_with=at_once)
    op.drop_index(op.f('ix_chats_portal_id_waiting_since'), table_name='chats')
    op.drop_index(op.f('ix_messages_portal_id_line_id_message_id'), table_name='messages')
    op.drop_index(op.f('ix_sends_portal_id_chat_id_created_at'), table_name='sends')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_index('ix_chats_names', table_name='chats')
    op.drop_index(op.f('ix_records_chat_id'), table_name='records')
    op.drop_index(op.f('ix_mirrors_chat_id'), table_name='mirrors')
    op.create_index(
        op.f('ix_sends_portal_id_chat_id_created_at'), 'sends', ['portal_id', 'chat_id', 'created_at']
    )
    op.drop_index(op.f('ix_sends_chat_id_created_at'), table_name='sends')
    op.create_index(
        op.f('ix_messages_portal_id_line_id_message_id'), 'messages', ['portal_id', 'line_id', 'message_id']
    )
    op.drop_index(op.f(MESSAGES), table_name='messages')
    op.drop_index(op.f('ix_mirrored_mirror_id_state_due_at'), table_name='mirrored')
    op.drop_index(op.f('ix_sends_portal_id_message_id'), table_name='sends')
    op.drop_index('ix_chats_taken', table_name='chats')
    op.create_index(op.f('ix_chats_portal_id_waiting_since'), 'chats', ['portal_id', 'waiting_since'])
    op.drop_index('ix_chats_waiting', table_name='chats')
