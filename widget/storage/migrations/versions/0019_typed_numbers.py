"""what was written and is owned through a typed number, and the card in which a scheduled message was written"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('chats', sa.Column('owner_typed', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('sends', sa.Column('typed', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('scheduled', sa.Column('entity_type_id', BIG, server_default='0', nullable=False))
    op.add_column('scheduled', sa.Column('entity_id', BIG, server_default='0', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('scheduled') as batch_op:
        batch_op.drop_column('entity_id')
        batch_op.drop_column('entity_type_id')
    with op.batch_alter_table('sends') as batch_op:
        batch_op.drop_column('typed')
    with op.batch_alter_table('chats') as batch_op:
        batch_op.drop_column('owner_typed')
