"""whose turn it is to do what is done by the clock; indexes for what is forgotten each night"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'turns',
        sa.Column('name', sa.String(length=40), nullable=False),
        sa.Column('holder', sa.String(length=16), nullable=False),
        sa.Column('until', sa.Float(), nullable=False),
        sa.Column('began_at', sa.Float(), nullable=False),
        sa.Column('ended_at', sa.Float(), server_default='0', nullable=False),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_turns')),
    )
    has_text = sa.text("text != ''")
    op.create_index('ix_sends_texts', 'sends', ['created_at'], postgresql_where=has_text, sqlite_where=has_text)
    op.create_index(op.f('ix_messages_at'), 'messages', ['at'])
    op.create_index(op.f('ix_usage_hour'), 'usage', ['hour'])
    op.create_index(op.f('ix_rest_log_at'), 'rest_log', ['at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_rest_log_at'), table_name='rest_log')
    op.drop_index(op.f('ix_usage_hour'), table_name='usage')
    op.drop_index(op.f('ix_messages_at'), table_name='messages')
    op.drop_index('ix_sends_texts', table_name='sends')
    op.drop_table('turns')
