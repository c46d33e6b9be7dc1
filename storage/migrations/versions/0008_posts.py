"""posts: material and its versions, plans, occurrences, moments, rules of the mix, tags of groups."""

import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('group_tags',
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('tag', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('group_id', 'tag', name=op.f('pk_group_tags'))
    )
    with op.batch_alter_table('group_tags', schema=None) as batch_op:
        batch_op.create_index('ix_group_tags_tag', ['tag'], unique=False)

    op.create_table('mix_rules',
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('changes', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('group_id', name=op.f('pk_mix_rules'))
    )
    op.create_table('moments',
    sa.Column('anchor', sa.String(length=40), nullable=False),
    sa.Column('subject', sa.String(length=100), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('anchor', 'subject', 'group_id', name=op.f('pk_moments'))
    )
    with op.batch_alter_table('moments', schema=None) as batch_op:
        batch_op.create_index('ix_moments_at', ['anchor', 'at'], unique=False)

    op.create_table('occurrences',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('plan_id', BigId, nullable=False),
    sa.Column('slot', sa.String(length=160), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=True),
    sa.Column('post_id', BigId, nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('planned_at', UtcTime(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('leased_until', UtcTime(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=True),
    sa.Column('cause_id', BigId, nullable=True),
    sa.Column('queued_at', UtcTime(), nullable=True),
    sa.Column('sent_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_occurrences')),
    sa.UniqueConstraint('plan_id', 'slot', 'group_id', name=op.f('uq_occurrences_plan_id_slot_group_id'))
    )
    with op.batch_alter_table('occurrences', schema=None) as batch_op:
        batch_op.create_index(
            'ix_occurrences_due', ['due_at'], unique=False, sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'"),
        )
        batch_op.create_index('ix_occurrences_group', ['group_id', 'planned_at'], unique=False)
        batch_op.create_index('ix_occurrences_planned', ['planned_at'], unique=False)
        batch_op.create_index('ix_occurrences_post', ['post_id'], unique=False)
        batch_op.create_index(
            'ix_occurrences_queued', ['id'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.create_index('ix_occurrences_said', ['group_id', 'queued_at'], unique=False)
        batch_op.create_index('ix_occurrences_slot', ['slot'], unique=False)

    op.create_table('posts',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('tags', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('updated_at', UtcTime(), nullable=False),
    sa.Column('archived_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posts'))
    )
    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.create_index('ix_posts_kind', ['kind', 'id'], unique=False)

    op.create_table('plans',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('post_id', BigId, nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('when_kind', sa.String(length=6), nullable=False),
    sa.Column('once_at', UtcTime(), nullable=True),
    sa.Column('cron', sa.String(length=100), nullable=True),
    sa.Column('anchor', sa.String(length=40), nullable=True),
    sa.Column('offset_minutes', sa.Integer(), nullable=False),
    sa.Column('at_time', sa.String(length=5), nullable=True),
    sa.Column('addressee', sa.String(length=8), nullable=False),
    sa.Column('time_zone', sa.String(length=60), nullable=False),
    sa.Column('starts_at', UtcTime(), nullable=True),
    sa.Column('ends_at', UtcTime(), nullable=True),
    sa.Column('skipped_days', sa.Text(), nullable=False),
    sa.Column('skips_holidays', sa.Boolean(), nullable=False),
    sa.Column('audience', sa.Text(), nullable=False),
    sa.Column('late_policy', sa.String(length=6), nullable=False),
    sa.Column('late_minutes', sa.Integer(), nullable=False),
    sa.Column('next_at', UtcTime(), nullable=True),
    sa.Column('approval', sa.String(length=10), nullable=False),
    sa.Column('approved_version', sa.Integer(), nullable=True),
    sa.Column('approved_by', sa.String(length=60), nullable=True),
    sa.Column('approved_at', UtcTime(), nullable=True),
    sa.Column('is_trial', sa.Boolean(), nullable=False),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('updated_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_plans_post_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plans'))
    )
    with op.batch_alter_table('plans', schema=None) as batch_op:
        batch_op.create_index('ix_plans_anchor', ['anchor', 'state'], unique=False)
        batch_op.create_index('ix_plans_approval', ['approval'], unique=False)
        batch_op.create_index(
            'ix_plans_next', ['next_at'], unique=False, sqlite_where=sa.text('next_at is not null'), postgresql_where=sa.text('next_at is not null'),
        )
        batch_op.create_index(batch_op.f('ix_plans_post_id'), ['post_id'], unique=False)

    op.create_table('post_versions',
    sa.Column('post_id', BigId, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('parts', sa.Text(), nullable=False),
    sa.Column('product_id', sa.String(length=80), nullable=True),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_post_versions_post_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('post_id', 'version', name=op.f('pk_post_versions'))
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index(
            'ix_memberships_left', ['group_id', 'left_at'], unique=False, sqlite_where=sa.text('left_at is not null'),
            postgresql_where=sa.text('left_at is not null'),
        )


def downgrade() -> None:
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.drop_index('ix_memberships_left')
    for name in ('post_versions', 'plans', 'posts', 'occurrences', 'moments', 'mix_rules', 'group_tags'):
        op.drop_table(name)
