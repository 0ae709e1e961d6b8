"""chats of open lines are read for what no event told: when next, and which text of a message the client has"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")


def upgrade() -> None:
    op.add_column('mirrors', sa.Column('session', BIG, server_default='0', nullable=False))
    op.add_column('mirrors', sa.Column('look_at', sa.Float(), server_default='0', nullable=False))
    op.add_column('mirrors', sa.Column('looks', sa.Integer(), server_default='0', nullable=False))
    op.create_index(op.f('ix_mirrors_look_at'), 'mirrors', ['look_at'])
    op.add_column('mirrored', sa.Column('mark', sa.String(length=16), server_default=EMPTY, nullable=False))


def downgrade() -> None:
    op.drop_column('mirrored', 'mark')
    op.drop_index(op.f('ix_mirrors_look_at'), table_name='mirrors')
    op.drop_column('mirrors', 'looks')
    op.drop_column('mirrors', 'look_at')
    op.drop_column('mirrors', 'session')
