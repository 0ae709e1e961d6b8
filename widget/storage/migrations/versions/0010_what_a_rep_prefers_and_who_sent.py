"""how a rep likes to write, who sent a message, and the newest messages of a chat by an index"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('user_settings', sa.Column('enter_sends', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column('user_settings', sa.Column('opens_chat', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column('user_settings', sa.Column('sound', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('sends', sa.Column('user_name', sa.String(120), nullable=False, server_default=sa.text("''")))
    op.create_index(op.f('ix_messages_portal_id_line_id_chat_id_at'), 'messages', ['portal_id', 'line_id', 'chat_id', 'at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_messages_portal_id_line_id_chat_id_at'), 'messages')
    op.drop_column('sends', 'user_name')
    op.drop_column('user_settings', 'sound')
    op.drop_column('user_settings', 'opens_chat')
    op.drop_column('user_settings', 'enter_sends')
