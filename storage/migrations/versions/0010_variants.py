"""variants: polls of groups and their votes, trials of variants of posts."""

# ruff: noqa: E501

import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('polls',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('question', sa.String(length=200), nullable=False),
    sa.Column('choices', sa.Text(), nullable=False),
    sa.Column('right', sa.Integer(), nullable=True),
    sa.Column('status', sa.String(length=6), nullable=False),
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.Column('told', sa.Integer(), nullable=False),
    sa.Column('opened_at', UtcTime(), nullable=False),
    sa.Column('closes_at', UtcTime(), nullable=False),
    sa.Column('closed_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_polls'))
    )
    with op.batch_alter_table('polls', schema=None) as batch_op:
        batch_op.create_index('ix_polls_opened', ['opened_at'], unique=False)
        batch_op.create_index('uq_polls_open', ['group_id'], unique=True, sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))

    op.create_table('poll_votes',
    sa.Column('poll_id', BigId, nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('choice', sa.Integer(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.CheckConstraint('choice between 1 and 6', name=op.f('ck_poll_votes_choice')),
    sa.ForeignKeyConstraint(['poll_id'], ['polls.id'], name=op.f('fk_poll_votes_poll_id_polls'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('poll_id', 'member_id', name=op.f('pk_poll_votes'))
    )
    op.create_table('trials',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('plan_id', BigId, nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('seed', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('winner', sa.Integer(), nullable=True),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('started_at', UtcTime(), nullable=False),
    sa.Column('proposed_at', UtcTime(), nullable=True),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['plan_id'], ['plans.id'], name=op.f('fk_trials_plan_id_plans'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trials'))
    )
    with op.batch_alter_table('trials', schema=None) as batch_op:
        batch_op.create_index('uq_trials_alive', ['plan_id'], unique=True, sqlite_where=sa.text("state <> 'ended'"), postgresql_where=sa.text("state <> 'ended'"))

    op.create_table('trial_variants',
    sa.Column('trial_id', BigId, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('post_id', BigId, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['trial_id'], ['trials.id'], name=op.f('fk_trial_variants_trial_id_trials'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('trial_id', 'number', name=op.f('pk_trial_variants'))
    )
    op.create_table('trial_places',
    sa.Column('trial_id', BigId, nullable=False),
    sa.Column('slot', sa.String(length=160), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('block', sa.Integer(), nullable=False),
    sa.Column('variant', sa.Integer(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Float(), nullable=True),
    sa.Column('counted_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['trial_id'], ['trials.id'], name=op.f('fk_trial_places_trial_id_trials'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('trial_id', 'slot', 'group_id', name=op.f('pk_trial_places'))
    )


def downgrade() -> None:
    op.drop_table('trial_places')
    op.drop_table('trial_variants')
    op.drop_table('trials')
    op.drop_table('poll_votes')
    op.drop_table('polls')
