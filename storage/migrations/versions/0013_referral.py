"""referral: links, clicks, touches, and who is one person."""

# ruff: noqa: E501
import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('identities',
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('value', sa.String(length=120), nullable=False),
    sa.Column('person_id', sa.String(length=40), nullable=False),
    sa.Column('learnt_at', UtcTime(), nullable=False),
    sa.Column('cause', sa.String(length=200), nullable=False),
    sa.CheckConstraint("kind in ('unionid', 'openid', 'external', 'member', 'visitor')", name=op.f('ck_identities_kind')),
    sa.PrimaryKeyConstraint('kind', 'value', name=op.f('pk_identities'))
    )
    with op.batch_alter_table('identities', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identities_person_id'), ['person_id'], unique=False)

    op.create_table('identity_merges',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('kept', sa.String(length=40), nullable=False),
    sa.Column('gone', sa.String(length=40), nullable=False),
    sa.Column('moved', sa.Text(), nullable=False),
    sa.Column('why', sa.String(length=200), nullable=False),
    sa.Column('cause', sa.String(length=200), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('settled_at', UtcTime(), nullable=True),
    sa.Column('settled_by', sa.String(length=40), nullable=False),
    sa.CheckConstraint("state in ('merged', 'conflict', 'undone', 'apart')", name=op.f('ck_identity_merges_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_merges'))
    )
    with op.batch_alter_table('identity_merges', schema=None) as batch_op:
        batch_op.create_index('ix_identity_merges_pair', ['kept', 'gone'], unique=False)
        batch_op.create_index('uq_identity_merges_open', ['kept', 'gone'], unique=True, sqlite_where=sa.text("state = 'conflict'"), postgresql_where=sa.text("state = 'conflict'"))

    op.create_table('touches',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('cause', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('visitor_id', sa.String(length=40), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('referrer_id', sa.String(length=120), nullable=False),
    sa.Column('link_id', sa.String(length=40), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('drop_id', sa.String(length=40), nullable=False),
    sa.Column('product_id', sa.String(length=80), nullable=False),
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('void_at', UtcTime(), nullable=True),
    sa.Column('void_why', sa.String(length=60), nullable=False),
    sa.CheckConstraint("kind in ('click', 'join', 'page')", name=op.f('ck_touches_kind')),
    sa.CheckConstraint("visitor_id <> '' or member_id <> ''", name=op.f('ck_touches_who')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_touches')),
    sa.UniqueConstraint('cause', name=op.f('uq_touches_cause'))
    )
    with op.batch_alter_table('touches', schema=None) as batch_op:
        batch_op.create_index('ix_touches_link', ['link_id', 'id'], unique=False)
        batch_op.create_index('ix_touches_member', ['member_id', 'at'], unique=False, sqlite_where=sa.text("member_id <> ''"), postgresql_where=sa.text("member_id <> ''"))
        batch_op.create_index('ix_touches_referrer', ['referrer_id', 'at'], unique=False, sqlite_where=sa.text("kind <> 'click'"), postgresql_where=sa.text("kind <> 'click'"))
        batch_op.create_index('ix_touches_visitor', ['visitor_id', 'at'], unique=False, sqlite_where=sa.text("visitor_id <> ''"), postgresql_where=sa.text("visitor_id <> ''"))

    op.create_table('referral_links',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('code', sa.String(length=10), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('target_kind', sa.String(length=10), nullable=False),
    sa.Column('target_id', sa.String(length=120), nullable=False),
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('shows_name', sa.String(length=8), server_default='none', nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('expires_at', UtcTime(), nullable=True),
    sa.Column('paused_at', UtcTime(), nullable=True),
    sa.CheckConstraint("shows_name in ('none', 'masked', 'full')", name=op.f('ck_referral_links_shows_name')),
    sa.CheckConstraint("target_kind in ('group', 'product', 'drop', 'shop')", name=op.f('ck_referral_links_target_kind')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('fk_referral_links_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_referral_links')),
    sa.UniqueConstraint('code', name=op.f('uq_referral_links_code')),
    sa.UniqueConstraint('member_id', 'target_kind', 'target_id', 'group_id', 'campaign_id', name='uq_referral_links_whose')
    )
    with op.batch_alter_table('referral_links', schema=None) as batch_op:
        batch_op.create_index('ix_referral_links_created', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_referral_links_target', ['target_kind', 'target_id'], unique=False)

    op.create_table('clicks',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('link_id', sa.String(length=40), nullable=False),
    sa.Column('visitor_id', sa.String(length=40), nullable=False),
    sa.Column('hour', sa.Integer(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('verdict', sa.String(length=8), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('agent', sa.String(length=24), nullable=False),
    sa.Column('address_digest', sa.String(length=16), nullable=False),
    sa.CheckConstraint("verdict in ('counted', 'bot', 'preview', 'flood')", name=op.f('ck_clicks_verdict')),
    sa.CheckConstraint('times >= 1', name=op.f('ck_clicks_times')),
    sa.ForeignKeyConstraint(['link_id'], ['referral_links.id'], name=op.f('fk_clicks_link_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clicks'))
    )
    with op.batch_alter_table('clicks', schema=None) as batch_op:
        batch_op.create_index('uq_clicks_once', ['link_id', 'hour', 'visitor_id'], unique=True)


def downgrade() -> None:
    op.drop_table('clicks')
    op.drop_table('referral_links')
    op.drop_table('touches')
    op.drop_table('identity_merges')
    op.drop_table('identities')
