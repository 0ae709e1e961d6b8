"""files of quick replies and of messages that go out later; who may use a quick reply; previews of links"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")
NONE = sa.text("'[]'")


def upgrade() -> None:
    op.create_table(
        'kept_files',
        sa.Column('id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('reply_id', BIG, nullable=True),
        sa.Column('scheduled_id', BIG, nullable=True),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('mimetype', sa.String(length=130), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_kept_files_portal_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['reply_id'], ['replies.id'], name=op.f('fk_kept_files_reply_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(
            ['scheduled_id'], ['scheduled.id'], name=op.f('fk_kept_files_scheduled_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_kept_files')),
        sqlite_autoincrement=True,
    )
    for column in ('portal_id', 'reply_id', 'scheduled_id'):
        op.create_index(op.f(f'ix_kept_files_{column}'), 'kept_files', [column])
    op.add_column('scheduled', sa.Column('reply_to', sa.Text(), server_default=EMPTY, nullable=False))
    op.create_index(op.f('ix_scheduled_portal_id_asks'), 'scheduled', ['portal_id', 'asks'])
    for column in ('access', 'editors', 'line_ids'):
        op.add_column('replies', sa.Column(column, sa.Text(), server_default=NONE, nullable=False))
    op.add_column('lines', sa.Column('link_previews', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('lines') as batch_op:
        batch_op.drop_column('link_previews')
    with op.batch_alter_table('replies') as batch_op:
        for column in ('access', 'editors', 'line_ids'):
            batch_op.drop_column(column)
    op.drop_index(op.f('ix_scheduled_portal_id_asks'), table_name='scheduled')
    with op.batch_alter_table('scheduled') as batch_op:
        batch_op.drop_column('reply_to')
    op.drop_table('kept_files')
