"""what a worker of an older version leaves to a newer one"""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Constant defaults: no row is rewritten."""
    op.add_column('scheduled', sa.Column('needs', sa.Integer(), server_default='0', nullable=False))
    op.add_column('turns', sa.Column('version', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('turns', 'version')
    op.drop_column('scheduled', 'needs')
