"""a send carries its trail"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A constant default: no row is rewritten. The table `trail` keeps what it has, and what an older version adds."""
    if op.get_bind().dialect.name == 'postgresql':  # in the order of those who send, or one of us would be ended
        op.execute('LOCK TABLE portals IN SHARE ROW EXCLUSIVE MODE')
        op.execute('LOCK TABLE chats, sends IN ACCESS EXCLUSIVE MODE')
    op.add_column('sends', sa.Column('steps', sa.Text(), server_default='', nullable=False))


def downgrade() -> None:
    op.drop_column('sends', 'steps')
