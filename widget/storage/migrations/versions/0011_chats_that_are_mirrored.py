"""lines name the open line that they are mirrored into; what goes there, comes from there and into timelines has tables"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0009'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")


def upgrade() -> None:
    op.add_column('lines', sa.Column('open_line', BIG, server_default='0', nullable=False))
    op.add_column('lines', sa.Column('mirroring', sa.String(length=10), server_default='off', nullable=False))
    op.add_column('lines', sa.Column('mirrored_since', sa.Float(), server_default='0', nullable=False))
    op.create_table(
        'mirrors',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('line_id', BIG, nullable=False),
        sa.Column('chat_id', BIG, nullable=False),
        sa.Column('portal_chat', BIG, server_default='0', nullable=False),
        sa.Column('client', BIG, server_default='0', nullable=False),
        sa.Column('operator', BIG, server_default='0', nullable=False),
        sa.Column('busy_until', sa.Float(), server_default='0', nullable=False),
        sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
        sa.Column('next_try_at', sa.Float(), server_default='0', nullable=False),
        sa.Column('error', sa.String(length=200), server_default=EMPTY, nullable=False),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_mirrors_chat_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['line_id'], ['lines.id'], name=op.f('fk_mirrors_line_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_mirrors_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_mirrors')),
        sa.UniqueConstraint('portal_id', 'chat_id', name=op.f('uq_mirrors_portal_id_chat_id')),
        sqlite_autoincrement=True,
    )
    op.create_table(
        'mirrored',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('mirror_id', BIG, nullable=False),
        sa.Column('key', sa.String(length=200), nullable=False),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('state', sa.String(length=8), nullable=False),
        sa.Column('message_id', sa.String(length=120), nullable=False),
        sa.Column('im_id', BIG, server_default='0', nullable=False),
        sa.Column('user_id', BIG, server_default='0', nullable=False),
        sa.Column('sealed', sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column('due_at', sa.Float(), server_default='0', nullable=False),
        sa.Column('created_at', sa.Float(), nullable=False),
        sa.Column('error', sa.String(length=200), server_default=EMPTY, nullable=False),
        sa.ForeignKeyConstraint(['mirror_id'], ['mirrors.id'], name=op.f('fk_mirrored_mirror_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_mirrored_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_mirrored')),
        sa.UniqueConstraint('mirror_id', 'key', name=op.f('uq_mirrored_mirror_id_key')),
        sqlite_autoincrement=True,
    )
    op.create_table(
        'timelines',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('settings', sa.Text(), nullable=False),
        sa.Column('since', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_timelines_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portal_id', name=op.f('pk_timelines')),
    )
    op.create_table(
        'records',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('chat_id', BIG, nullable=False),
        sa.Column('name', sa.String(length=40), nullable=False),
        sa.Column('owner_type', sa.Integer(), server_default='0', nullable=False),
        sa.Column('owner_id', BIG, server_default='0', nullable=False),
        sa.Column('comment_id', BIG, server_default='0', nullable=False),
        sa.Column('user_id', BIG, server_default='0', nullable=False),
        sa.Column('begins_at', sa.Float(), nullable=False),
        sa.Column('told_at', sa.Float(), server_default='0', nullable=False),
        sa.Column('asked', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column('busy_until', sa.Float(), server_default='0', nullable=False),
        sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
        sa.Column('next_try_at', sa.Float(), server_default='0', nullable=False),
        sa.Column('error', sa.String(length=200), server_default=EMPTY, nullable=False),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_records_chat_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_records_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_records')),
        sa.UniqueConstraint('portal_id', 'chat_id', 'name', name=op.f('uq_records_portal_id_chat_id_name')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_mirrored_state_due_at'), 'mirrored', ['state', 'due_at'])
    op.create_index(op.f('ix_mirrored_portal_id_im_id'), 'mirrored', ['portal_id', 'im_id'])


def downgrade() -> None:
    """What waits is not told to the open lines any more; it stays in our own chats."""
    op.drop_table('records')
    op.drop_table('timelines')
    op.drop_table('mirrored')
    op.drop_table('mirrors')
    with op.batch_alter_table('lines') as batch:
        batch.drop_column('mirrored_since')
        batch.drop_column('mirroring')
        batch.drop_column('open_line')
