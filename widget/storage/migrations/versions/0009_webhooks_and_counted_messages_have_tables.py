"""webhooks that wait and counted messages have tables of their own; sends say when they are looked for

A webhook that waited was a row of `events` named GATEWAY, a counted message a row of `messages` without a chat. Those
are sealed: with the service's keys their counts move along, without them they stay behind.
"""

import json

import sqlalchemy as sa
from alembic import context, op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ROWS = 1000  # in one statement


def upgrade() -> None:
    op.create_table(
        'counted',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('line_id', BIG, nullable=False),
        sa.Column('message_id', sa.String(length=120), nullable=False),
        sa.Column('went', sa.Integer(), nullable=False),
        sa.Column('hour', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['line_id'], ['lines.id'], name=op.f('fk_counted_line_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_counted_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portal_id', 'line_id', 'message_id', name=op.f('pk_counted')),
    )
    op.create_index(op.f('ix_counted_hour'), 'counted', ['hour'])
    op.create_table(
        'inbox',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('line_id', BIG, nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.Column('received_at', sa.Float(), nullable=False),
        sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
        sa.Column('next_try_at', sa.Float(), server_default='0', nullable=False),
        sa.Column('error', sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(['line_id'], ['lines.id'], name=op.f('fk_inbox_line_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_inbox_portal_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_inbox_next_try_at_id'), 'inbox', ['next_try_at', 'id'])
    op.add_column('sends', sa.Column('looks', sa.Integer(), server_default='0', nullable=False))
    op.add_column('sends', sa.Column('next_look_at', sa.Float(), server_default='0', nullable=False))
    op.create_index(op.f('ix_sends_state_next_look_at'), 'sends', ['state', 'next_look_at'])
    move_webhooks()
    move_counted()


def move_webhooks() -> None:
    """Those of lines and portals that are still there; what was finished or given up is not kept."""
    connection = op.get_bind()
    lines = {(row.id, row.portal_id) for row in connection.execute(sa.text('SELECT id, portal_id FROM lines'))}
    waiting = connection.execute(sa.text("SELECT * FROM events WHERE name = 'GATEWAY' AND done_at = 0 ORDER BY id"))
    moved = [
        {
            'portal_id': row.portal_id,
            'line_id': body['line'],
            'sealed': body['sealed'],
            'received_at': row.received_at,
            'attempts': row.attempts,
            'next_try_at': row.next_try_at,
            'error': row.error,
        }
        for row in waiting
        if (body := json.loads(row.body)) and (body.get('line'), row.portal_id) in lines
    ]
    if moved:
        op.bulk_insert(table('inbox', *moved[0]), moved)
    op.execute("DELETE FROM events WHERE name = 'GATEWAY'")


def move_counted() -> None:
    """Each was one sealed body: flags and an hour."""
    secret_box = context.config.attributes.get('secret_box')
    connection, last = op.get_bind(), 0
    query = sa.text("SELECT * FROM messages WHERE chat_id = '' AND id > :last ORDER BY id LIMIT :most")
    while secret_box and (rows := connection.execute(query, {'last': last, 'most': ROWS}).all()):
        found = [(row, secret_box.decrypt_or_empty(row.body).split()) for row in rows]
        moved = [
            {
                'portal_id': row.portal_id,
                'line_id': row.line_id,
                'message_id': row.message_id,
                'went': int(body[0]),
                'hour': int(body[1]),
            }
            for row, body in found
            if len(body) == 2
        ]
        if moved:
            op.bulk_insert(table('counted', *moved[0]), moved)
        last = rows[-1].id
    op.execute("DELETE FROM messages WHERE chat_id = ''")


def table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


def downgrade() -> None:
    """What waits is told again by its gateway, or read in its history; what was counted stays in the counters."""
    op.drop_index(op.f('ix_sends_state_next_look_at'), table_name='sends')
    with op.batch_alter_table('sends') as batch:
        batch.drop_column('next_look_at')
        batch.drop_column('looks')
    op.drop_table('inbox')
    op.drop_table('counted')
