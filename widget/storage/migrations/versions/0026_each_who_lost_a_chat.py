"""each who lost a chat is told"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'losses',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('user_id', BIG, autoincrement=False, nullable=False),
        sa.Column('chat_id', BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_losses_portal_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_losses_chat_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portal_id', 'user_id', 'chat_id', name=op.f('pk_losses')),
    )
    op.create_index(op.f('ix_losses_chat_id'), 'losses', ['chat_id'])
    op.execute('INSERT INTO losses SELECT portal_id, owner_was, id FROM chats WHERE owner_was > 0')
    op.drop_index('ix_chats_taken', table_name='chats')


def downgrade() -> None:
    taken = sa.text('owner_was > 0')
    op.create_index(
        'ix_chats_taken', 'chats', ['portal_id', 'owner_was'], postgresql_where=taken, sqlite_where=taken
    )
    op.drop_table('losses')
