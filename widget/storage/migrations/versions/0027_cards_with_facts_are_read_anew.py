"""cards with facts are read anew"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A constant default: no row is rewritten."""
    op.add_column('filled_items', sa.Column('look_at', sa.Float(), server_default='0', nullable=False))
    op.create_index(op.f('ix_filled_items_portal_id_look_at'), 'filled_items', ['portal_id', 'look_at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_filled_items_portal_id_look_at'), table_name='filled_items')
    op.drop_column('filled_items', 'look_at')
