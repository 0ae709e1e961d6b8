"""whose turn it is to do what is done by the clock"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0009'
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


def downgrade() -> None:
    op.drop_table('turns')
