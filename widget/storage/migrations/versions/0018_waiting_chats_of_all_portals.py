"""an index of the chats whose clients wait, to count them for all portals at once"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.text('waiting_since > 0')
    op.create_index('ix_chats_waiting', 'chats', ['waiting_since'], postgresql_where=waits, sqlite_where=waits)


def downgrade() -> None:
    op.drop_index('ix_chats_waiting', table_name='chats')
