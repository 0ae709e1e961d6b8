"""fields that move"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('portals', sa.Column('moving', sa.Text(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    op.drop_column('portals', 'moving')
