"""clients without a phone have a name and cards; facts of conversations are written into fields of cards"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        'client_names',
        sa.Column('chat_id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_client_names_chat_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(
            ['portal_id'], ['portals.id'], name=op.f('fk_client_names_portal_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('chat_id', name=op.f('pk_client_names')),
    )
    op.create_index(op.f('ix_client_names_portal_id'), 'client_names', ['portal_id'])
    op.create_table(
        'chat_links',
        sa.Column('chat_id', BIG, nullable=False),
        sa.Column('entity_type_id', BIG, nullable=False),
        sa.Column('entity_id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('user_id', BIG, nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_chat_links_chat_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(
            ['portal_id'], ['portals.id'], name=op.f('fk_chat_links_portal_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('chat_id', 'entity_type_id', 'entity_id', name=op.f('pk_chat_links')),
    )
    op.create_index(
        op.f('ix_chat_links_portal_id_entity_type_id_entity_id'),
        'chat_links',
        ['portal_id', 'entity_type_id', 'entity_id'],
    )
    op.create_table(
        'card_fields',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('fields', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ['portal_id'], ['portals.id'], name=op.f('fk_card_fields_portal_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('portal_id', name=op.f('pk_card_fields')),
    )
    op.create_table(
        'told_fields',
        sa.Column('chat_id', BIG, nullable=False),
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('last_at', sa.Float(), server_default='-1', nullable=False),
        sa.Column('waiting_since', sa.Float(), server_default='0', nullable=False),
        sa.Column('owner_id', BIG, server_default='0', nullable=False),
        sa.Column('proved', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
        sa.Column('next_try_at', sa.Float(), server_default='0', nullable=False),
        sa.Column('error', sa.String(length=200), server_default=EMPTY, nullable=False),
        sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_told_fields_chat_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(
            ['portal_id'], ['portals.id'], name=op.f('fk_told_fields_portal_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('chat_id', name=op.f('pk_told_fields')),
    )
    op.create_index(op.f('ix_told_fields_portal_id'), 'told_fields', ['portal_id'])
    op.create_table(
        'filled_items',
        sa.Column('portal_id', BIG, nullable=False),
        sa.Column('entity_type_id', BIG, nullable=False),
        sa.Column('entity_id', BIG, nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.Column('next_try_at', sa.Float(), server_default='0', nullable=False),
        sa.ForeignKeyConstraint(
            ['portal_id'], ['portals.id'], name=op.f('fk_filled_items_portal_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('portal_id', 'entity_type_id', 'entity_id', name=op.f('pk_filled_items')),
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_told_fields_portal_id'), table_name='told_fields')
    op.drop_index(op.f('ix_client_names_portal_id'), table_name='client_names')
    for table in ('filled_items', 'told_fields', 'card_fields'):
        op.drop_table(table)
    op.drop_index(op.f('ix_chat_links_portal_id_entity_type_id_entity_id'), table_name='chat_links')
    op.drop_table('chat_links')
    op.drop_table('client_names')
