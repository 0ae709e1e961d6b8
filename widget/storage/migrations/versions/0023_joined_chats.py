"""chats that have become one with another"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'joined_chats',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('was', BIG, nullable=False),
        sa.Column('chat_id', BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ['portal_id'], ['portals.id'], name=op.f('fk_joined_chats_portal_id'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_joined_chats_chat_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portal_id', 'was', name=op.f('pk_joined_chats')),
    )
    op.create_index(op.f('ix_joined_chats_chat_id'), 'joined_chats', ['chat_id'])


def downgrade() -> None:
    op.drop_table('joined_chats')
