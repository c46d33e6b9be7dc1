"""first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from storage.base import BigId, UtcTime
from storage.search import FTS_SCHEMA

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def where(condition: str) -> dict[str, Any]:
    """A partial index's condition, for both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('operator_id', BigId, nullable=True),
    sa.Column('operator_name', sa.String(length=60), nullable=False),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('address', sa.String(length=60), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index('ix_audit_subject', ['subject'], unique=False)

    op.create_table('faq',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('category', sa.String(length=80), nullable=False),
    sa.Column('question', sa.String(length=400), nullable=False),
    sa.Column('phrasings', sa.Text(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('is_enabled', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('updated_at', UtcTime(), nullable=False),
    sa.Column('deleted_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_faq'))
    )
    with op.batch_alter_table('faq', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_faq_revision'), ['revision'], unique=False)

    op.create_table('groups',
    sa.Column('id', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('topic', sa.String(length=400), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('speaks', sa.String(length=10), nullable=False),
    sa.Column('is_welcoming', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('greeted_at', UtcTime(), nullable=True),
    sa.Column('closed_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_groups')),
    sa.UniqueConstraint('code', name=op.f('uq_groups_code'))
    )
    op.create_table('inbox',
    sa.Column('id', BigId, nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('lane', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('conversation', sa.String(length=120), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=True),
    sa.Column('member_id', sa.String(length=120), nullable=True),
    sa.Column('member_name', sa.String(length=80), nullable=True),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('occurred_at', UtcTime(), nullable=False),
    sa.Column('received_at', UtcTime(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('next_try_at', UtcTime(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('heard_by', sa.String(length=120), nullable=True),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=True),
    sa.Column('confidence', sa.Float(), nullable=True),
    sa.Column('latency_ms', sa.Integer(), nullable=True),
    sa.Column('cause_id', BigId, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox')),
    sa.UniqueConstraint('key', name=op.f('uq_inbox_key'))
    )
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.create_index('ix_inbox_conversation', ['conversation', 'id'], unique=False)
        batch_op.create_index('ix_inbox_heard_by', ['heard_by', 'id'], unique=False, **where("heard_by is not null"))
        batch_op.create_index('ix_inbox_kind', ['kind', 'id'], unique=False, **where("kind <> 'MessageReceived'"))
        batch_op.create_index('ix_inbox_undone', ['state', 'id'], unique=False, **where("state <> 'done'"))
        batch_op.create_index('ix_inbox_member', ['member_id', 'id'], unique=False)
        batch_op.create_index('ix_inbox_outcome', ['outcome', 'id'], unique=False, **where("outcome <> 'none'"))
        batch_op.create_index('ix_inbox_received', ['received_at'], unique=False)
        batch_op.create_index('ix_inbox_retry', ['next_try_at'], unique=False, **where("state <> 'done'"))

    # Chinese full text: each database has its own kind of index.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(FTS_SCHEMA)
    else:
        op.create_table('inbox_search',
        sa.Column('id', BigId, autoincrement=False, nullable=False),
        sa.Column('grams', TSVECTOR(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox_search'))
        )
        op.create_index('ix_inbox_search_grams', 'inbox_search', ['grams'], unique=False, postgresql_using='gin')

    op.create_table('jobs',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('cause_id', BigId, nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('leased_until', UtcTime(), nullable=True),
    sa.Column('done_at', UtcTime(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_jobs')),
    sa.UniqueConstraint('key', name=op.f('uq_jobs_key'))
    )
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.create_index('ix_jobs_due', ['due_at'], unique=False, **where("state in ('queued','leased')"))
        batch_op.create_index('ix_jobs_resting', ['id'], unique=False, **where("state = 'resting'"))

    op.create_table('members',
    sa.Column('id', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('note', sa.String(length=400), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=True),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_members'))
    )
    with op.batch_alter_table('members', schema=None) as batch_op:
        batch_op.create_index('ix_members_name', ['name'], unique=False)

    op.create_table('operators',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('must_change_password', sa.Boolean(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_operators')),
    sa.UniqueConstraint('name', name=op.f('uq_operators_name'))
    )
    op.create_table('outbox',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=200), nullable=True),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('conversation', sa.String(length=120), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=True),
    sa.Column('member_id', sa.String(length=120), nullable=True),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('feature', sa.String(length=40), nullable=False),
    sa.Column('cause_id', BigId, nullable=True),
    sa.Column('operator_id', BigId, nullable=True),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('leased_until', UtcTime(), nullable=True),
    sa.Column('sent_at', UtcTime(), nullable=True),
    sa.Column('sent_no', BigId, nullable=True),
    sa.Column('channel_message_id', sa.String(length=120), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('key', name=op.f('uq_outbox_key')),
    sa.UniqueConstraint('sent_no', name=op.f('uq_outbox_sent_no'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_cause', ['cause_id'], unique=False)
        batch_op.create_index('ix_outbox_conversation', ['conversation', 'id'], unique=False)
        batch_op.create_index('ix_outbox_open', ['conversation', 'id'], unique=False, **where("state in ('queued','leased')"))
        batch_op.create_index('ix_outbox_said', ['conversation', 'sent_no'], unique=False)
        batch_op.create_index('ix_outbox_state', ['state', 'due_at'], unique=False, **where("state <> 'sent'"))

    op.create_table('products',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('brief', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('aliases', sa.Text(), nullable=False),
    sa.Column('attributes', sa.Text(), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('price_fen', sa.BigInteger(), nullable=False),
    sa.Column('list_price_fen', sa.BigInteger(), nullable=True),
    sa.Column('is_on_sale', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('updated_at', UtcTime(), nullable=False),
    sa.Column('deleted_at', UtcTime(), nullable=True),
    sa.CheckConstraint('price_fen >= 0', name=op.f('ck_products_price')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_products'))
    )
    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_products_revision'), ['revision'], unique=False)

    op.create_table('revisions',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_revisions'))
    )
    op.create_table('sign_in_failures',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('address', sa.String(length=60), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_failures'))
    )
    with op.batch_alter_table('sign_in_failures', schema=None) as batch_op:
        batch_op.create_index('ix_sign_in_failures_at', ['at'], unique=False)

    op.create_table('handovers',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('conversation', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=True),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('cause_id', BigId, nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('operator_id', BigId, nullable=True),
    sa.Column('opened_at', UtcTime(), nullable=False),
    sa.Column('taken_at', UtcTime(), nullable=True),
    sa.Column('answered_at', UtcTime(), nullable=True),
    sa.Column('closed_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('fk_handovers_member_id')),
    sa.ForeignKeyConstraint(['operator_id'], ['operators.id'], name=op.f('fk_handovers_operator_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handovers'))
    )
    with op.batch_alter_table('handovers', schema=None) as batch_op:
        batch_op.create_index('ix_handovers_state', ['state', 'id'], unique=False)
        batch_op.create_index('uq_handovers_open', ['conversation', 'member_id'], unique=True, **where("state <> 'closed'"))

    op.create_table('memberships',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('group_id', sa.String(length=120), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('is_staff', sa.Boolean(), nullable=False),
    sa.Column('inviter_id', sa.String(length=120), nullable=True),
    sa.Column('joined_at', UtcTime(), nullable=False),
    sa.Column('greeted_at', UtcTime(), nullable=True),
    sa.Column('left_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['group_id'], ['groups.id'], name=op.f('fk_memberships_group_id')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('fk_memberships_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_memberships'))
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index('ix_memberships_member', ['member_id'], unique=False)
        batch_op.create_index('ix_memberships_staff', ['group_id'], unique=False, **where("is_staff"))
        batch_op.create_index('uq_memberships_present', ['group_id', 'member_id'], unique=True, **where("left_at is null"))

    op.create_table('operator_sessions',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('operator_id', BigId, nullable=False),
    sa.Column('browser', sa.String(length=200), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('seen_at', UtcTime(), nullable=False),
    sa.Column('expires_at', UtcTime(), nullable=False),
    sa.Column('revoked_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operators.id'], name=op.f('fk_operator_sessions_operator_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_operator_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_operator_sessions_token_hash'))
    )
    with op.batch_alter_table('operator_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_operator_sessions_operator_id'), ['operator_id'], unique=False)

    op.create_table('skus',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('product_id', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('specs', sa.Text(), nullable=False),
    sa.Column('price_fen', sa.BigInteger(), nullable=False),
    sa.Column('stock', sa.Integer(), nullable=False),
    sa.CheckConstraint('price_fen >= 0', name=op.f('ck_skus_price')),
    sa.CheckConstraint('stock >= 0', name=op.f('ck_skus_stock')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_skus_product_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_skus'))
    )
    with op.batch_alter_table('skus', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_skus_product_id'), ['product_id'], unique=False)

