"""quick replies, and who uses which"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        'replies',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('line_id', BIG, server_default='0', nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('category', sa.String(length=60), server_default=EMPTY, nullable=False),
        sa.Column('language', sa.String(length=2), server_default=EMPTY, nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.Column('changed_at', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_replies_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_replies')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_replies_portal_id_user_id'), 'replies', ['portal_id', 'user_id'])
    op.create_table(
        'reply_uses',
        sa.Column('reply_id', BIG, nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('times', sa.Integer(), nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_reply_uses_portal_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['reply_id'], ['replies.id'], name=op.f('fk_reply_uses_reply_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('reply_id', 'user_id', name=op.f('pk_reply_uses')),
    )


def downgrade() -> None:
    op.drop_table('reply_uses')
    op.drop_table('replies')
