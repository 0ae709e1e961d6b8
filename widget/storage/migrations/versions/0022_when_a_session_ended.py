"""when the last session of a mirrored chat ended, and how many other deals a comment might have been meant for"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Constant defaults: no row is rewritten."""
    op.add_column('mirrors', sa.Column('finished_at', sa.Float(), server_default='0', nullable=False))
    op.add_column('records', sa.Column('others', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('records', 'others')
    op.drop_column('mirrors', 'finished_at')
