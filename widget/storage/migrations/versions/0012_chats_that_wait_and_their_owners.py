"""chats wait and have an owner, sends have a trail, clients may be ignored"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")
Columns = dict[str, tuple[Any, Any]]  # kind and default
CHATS: Columns = {
    'waiting_since': (sa.Float(), '0'),
    'theirs_at': (sa.Float(), '0'),
    'answered_at': (sa.Float(), '0'),
    'waived_at': (sa.Float(), '0'),
    'waived_by': (BIG, '0'),
    'recounts': (sa.Integer(), '0'),
    'owner_id': (BIG, '0'),
    'owner_at': (sa.Float(), '0'),
    'owner_was': (BIG, '0'),
}
PORTALS: Columns = {
    'waiting_minutes': (sa.Integer(), '15'),
    'notices': (sa.Boolean(), sa.false()),
}
LINES: Columns = {'owner_rule': (sa.String(length=12), 'maker')}


def upgrade() -> None:
    for table, columns in {'chats': CHATS, 'portals': PORTALS, 'lines': LINES}.items():
        for name, (kind, default) in columns.items():
            op.add_column(table, sa.Column(name, kind, server_default=default, nullable=False))
    op.create_index(op.f('ix_chats_portal_id_waiting_since'), 'chats', ['portal_id', 'waiting_since'])
    op.create_table(
        'trail',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('send_id', BIG, nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.Column('what', sa.String(length=12), nullable=False),
        sa.Column('how', sa.String(length=12), server_default=EMPTY, nullable=False),
        sa.Column('detail', sa.String(length=120), server_default=EMPTY, nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_trail_portal_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['send_id'], ['sends.id'], name=op.f('fk_trail_send_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_trail')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_trail_send_id_id'), 'trail', ['send_id', 'id'])
    op.create_table(
        'ignored',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('line_id', BIG, nullable=False),
        sa.Column('client_key', sa.String(length=64), nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_ignored_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_ignored')),
        sa.UniqueConstraint(
            'portal_id', 'line_id', 'client_key', name=op.f('uq_ignored_portal_id_line_id_client_key')
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        'staff',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('admin', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_staff_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portal_id', 'user_id', name=op.f('pk_staff')),
    )
    op.create_table(
        'notices',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('tag', sa.String(length=60), nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.Column('told', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_notices_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portal_id', 'tag', 'user_id', name=op.f('pk_notices')),
    )


def downgrade() -> None:
    for table in ('notices', 'staff', 'ignored', 'trail'):
        op.drop_table(table)
    op.drop_index(op.f('ix_chats_portal_id_waiting_since'), 'chats')
    for table, columns in {'chats': CHATS, 'portals': PORTALS, 'lines': LINES}.items():
        with op.batch_alter_table(table) as batch_op:
            for name in columns:
                batch_op.drop_column(name)
