"""what a portal has confirmed"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('confirmations',
    sa.Column('portal_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('at', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_confirmations_portal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('portal_id', 'name', name=op.f('pk_confirmations'))
    )


def downgrade() -> None:
    op.drop_table('confirmations')
