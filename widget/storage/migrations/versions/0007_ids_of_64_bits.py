"""ids of 64 bits

On PostgreSQL only: SQLite's integers have them. The tables are rewritten, which for a million rows takes seconds.
"""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

# Rows of ours by the name of their table, and what users and rows of others are called in it.
COLUMNS = {
    'portals': ('id', 'installer_id'),
    'tokens': ('portal_id', 'user_id'),
    'lines': ('id', 'portal_id'),
    'line_health': ('line_id', 'portal_id'),
    'chats': ('id', 'portal_id', 'line_id', 'created_by'),
    'sends': ('id', 'portal_id', 'chat_id', 'user_id'),
    'messages': ('id', 'portal_id', 'line_id'),
    'presences': ('portal_id',),
    'confirmations': ('portal_id',),
    'usage': ('portal_id', 'line_id'),
    'user_settings': ('portal_id', 'user_id', 'line_id'),
    'changes': ('id', 'portal_id', 'user_id'),
    'events': ('id', 'portal_id'),
    'rest_log': ('id', 'portal_id', 'user_id'),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        alter('BIGINT')


def downgrade() -> None:
    """Fails with nothing changed where an id is too large for it."""
    if op.get_bind().dialect.name == 'postgresql':
        alter('INTEGER')


def alter(kind: str) -> None:
    """One statement, and so one rewriting, a table."""
    for table, columns in COLUMNS.items():
        steps = ', '.join(f'ALTER COLUMN {column} TYPE {kind}' for column in columns)
        op.execute(f'ALTER TABLE {table} {steps}')
        if 'id' in columns:
            op.execute(f'ALTER SEQUENCE {table}_id_seq AS {kind}')
