"""messages that go out later"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        'scheduled',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('line_id', BIG, nullable=False),
        sa.Column('chat_id', BIG, nullable=False),
        sa.Column('send_key', sa.String(length=64), nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('user_name', sa.String(length=120), nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.Column('due_at', sa.Float(), nullable=False),
        sa.Column('wall', sa.String(length=5), server_default=EMPTY, nullable=False),
        sa.Column('since', sa.Float(), nullable=False),
        sa.Column('asks', sa.String(length=20), server_default=EMPTY, nullable=False),
        sa.Column('typed', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column('busy_until', sa.Float(), server_default='0', nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_scheduled_portal_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['line_id'], ['lines.id'], name=op.f('fk_scheduled_line_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_scheduled_chat_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_scheduled')),
        sa.UniqueConstraint('portal_id', 'send_key', name=op.f('uq_scheduled_portal_id_send_key')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_scheduled_asks_due_at'), 'scheduled', ['asks', 'due_at'])
    op.create_index(op.f('ix_scheduled_chat_id'), 'scheduled', ['chat_id'])
    op.create_index(op.f('ix_scheduled_line_id_due_at'), 'scheduled', ['line_id', 'due_at'])
    op.add_column('portals', sa.Column('later_per_hour', sa.Integer(), server_default='20', nullable=False))


def downgrade() -> None:
    op.drop_table('scheduled')
    with op.batch_alter_table('portals') as batch_op:
        batch_op.drop_column('later_per_hour')
