"""talk: orders said in groups, for whom they are, and rosters with their copies and changes."""

# ruff: noqa: E501
import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('portions',
    sa.Column('drop_id', sa.String(length=40), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('whose', sa.String(length=80), nullable=False),
    sa.Column('sku_id', sa.String(length=80), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['drop_id'], ['drops.id'], name=op.f('fk_portions_drop_id')),
    sa.PrimaryKeyConstraint('drop_id', 'member_id', 'whose', 'sku_id', name=op.f('pk_portions'))
    )
    op.create_table('roster_copies',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('drop_id', sa.String(length=40), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('author_id', sa.String(length=120), nullable=False),
    sa.Column('author_name', sa.String(length=80), nullable=False),
    sa.Column('inbox_id', BigId, nullable=False),
    sa.Column('entries', sa.Text(), nullable=False),
    sa.Column('posted_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['drop_id'], ['drops.id'], name=op.f('fk_roster_copies_drop_id')),
    sa.ForeignKeyConstraint(['group_id'], ['groups.id'], name=op.f('fk_roster_copies_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_copies'))
    )
    with op.batch_alter_table('roster_copies', schema=None) as batch_op:
        batch_op.create_index('ix_roster_copies_group', ['drop_id', 'group_id', 'id'], unique=False)

    op.create_table('roster_stands',
    sa.Column('drop_id', sa.String(length=40), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('base', sa.Text(), nullable=False),
    sa.Column('entries', sa.Text(), nullable=False),
    sa.Column('copies_after', BigId, nullable=False),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.Column('closed_said_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['drop_id'], ['drops.id'], name=op.f('fk_roster_stands_drop_id')),
    sa.ForeignKeyConstraint(['group_id'], ['groups.id'], name=op.f('fk_roster_stands_group_id')),
    sa.PrimaryKeyConstraint('drop_id', 'group_id', name=op.f('pk_roster_stands'))
    )
    op.create_table('said_claims',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('drop_id', sa.String(length=40), nullable=True),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('member_name', sa.String(length=80), nullable=False),
    sa.Column('inbox_id', BigId, nullable=False),
    sa.Column('message_id', sa.String(length=120), nullable=False),
    sa.Column('text', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('said_in', BigId, nullable=True),
    sa.Column('said_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['drop_id'], ['drops.id'], name=op.f('fk_said_claims_drop_id')),
    sa.ForeignKeyConstraint(['group_id'], ['groups.id'], name=op.f('fk_said_claims_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_said_claims'))
    )
    with op.batch_alter_table('said_claims', schema=None) as batch_op:
        batch_op.create_index('ix_said_claims_member', ['group_id', 'member_id', 'id'], unique=False)
        batch_op.create_index('ix_said_claims_said', ['group_id', 'said_at'], unique=False)
        batch_op.create_index('ix_said_claims_waiting', ['group_id', 'id'], unique=False, sqlite_where=sa.text('said_at is null'), postgresql_where=sa.text('said_at is null'))

    op.create_table('roster_changes',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('drop_id', sa.String(length=40), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('copy_id', BigId, nullable=False),
    sa.Column('author_id', sa.String(length=120), nullable=False),
    sa.Column('author_name', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('before', sa.Text(), nullable=False),
    sa.Column('after', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Float(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('why', sa.String(length=40), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('settled_at', UtcTime(), nullable=True),
    sa.Column('settled_by', sa.String(length=40), nullable=False),
    sa.CheckConstraint("state in ('applied', 'pending', 'approved', 'refused', 'asked', 'failed')", name=op.f('ck_roster_changes_state')),
    sa.ForeignKeyConstraint(['copy_id'], ['roster_copies.id'], name=op.f('fk_roster_changes_copy_id')),
    sa.ForeignKeyConstraint(['drop_id'], ['drops.id'], name=op.f('fk_roster_changes_drop_id')),
    sa.ForeignKeyConstraint(['group_id'], ['groups.id'], name=op.f('fk_roster_changes_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_changes')),
    sa.UniqueConstraint('key', name=op.f('uq_roster_changes_key'))
    )
    with op.batch_alter_table('roster_changes', schema=None) as batch_op:
        batch_op.create_index('ix_roster_changes_drop', ['drop_id', 'group_id', 'id'], unique=False)
        batch_op.create_index('ix_roster_changes_state', ['state', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('roster_changes', schema=None) as batch_op:
        batch_op.drop_index('ix_roster_changes_state')
        batch_op.drop_index('ix_roster_changes_drop')

    op.drop_table('roster_changes')
    with op.batch_alter_table('said_claims', schema=None) as batch_op:
        batch_op.drop_index('ix_said_claims_waiting', sqlite_where=sa.text('said_at is null'), postgresql_where=sa.text('said_at is null'))
        batch_op.drop_index('ix_said_claims_said')
        batch_op.drop_index('ix_said_claims_member')

    op.drop_table('said_claims')
    op.drop_table('roster_stands')
    with op.batch_alter_table('roster_copies', schema=None) as batch_op:
        batch_op.drop_index('ix_roster_copies_group')

    op.drop_table('roster_copies')
    op.drop_table('portions')
