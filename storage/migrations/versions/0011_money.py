"""money: charges at a payment provider, its daily bills and what differs; hooks and API keys."""

# ruff: noqa: E501
import sqlalchemy as sa
from alembic import op

from storage.base import UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('api_keys',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.String(length=300), nullable=False),
    sa.Column('created_at', UtcTime(length=32), nullable=False),
    sa.Column('used_at', UtcTime(length=32), nullable=True),
    sa.Column('revoked_at', UtcTime(length=32), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('digest', name=op.f('uq_api_keys_digest'))
    )

    op.create_table('bill_differences',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('provider', sa.String(length=20), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('charge_id', sa.String(length=120), nullable=False),
    sa.Column('ours_fen', sa.BigInteger(), nullable=False),
    sa.Column('theirs_fen', sa.BigInteger(), nullable=False),
    sa.Column('found_at', UtcTime(length=32), nullable=False),
    sa.Column('settled_at', UtcTime(length=32), nullable=True),
    sa.Column('settled_by', sa.String(length=60), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.CheckConstraint("kind in ('unknown_payment', 'missing_payment', 'other_amount', 'unknown_refund', 'other_refund')", name=op.f('ck_bill_differences_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bill_differences'))
    )

    with op.batch_alter_table('bill_differences', schema=None) as batch_op:
        batch_op.create_index('ix_bill_differences_open', ['day'], unique=False, sqlite_where=sa.text('settled_at is null'), postgresql_where=sa.text('settled_at is null'))
        batch_op.create_index('uq_bill_differences', ['provider', 'day', 'kind', 'reference'], unique=True)

    op.create_table('bills',
    sa.Column('provider', sa.String(length=20), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('checked_at', UtcTime(length=32), nullable=False),
    sa.Column('payments', sa.Integer(), nullable=False),
    sa.Column('paid_fen', sa.BigInteger(), nullable=False),
    sa.Column('refunds', sa.Integer(), nullable=False),
    sa.Column('refunded_fen', sa.BigInteger(), nullable=False),
    sa.Column('fees_fen', sa.BigInteger(), nullable=False),
    sa.Column('error', sa.String(length=300), nullable=False),
    sa.PrimaryKeyConstraint('provider', 'day', name=op.f('pk_bills'))
    )

    op.create_table('charges',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('order_id', sa.String(length=40), nullable=False),
    sa.Column('provider', sa.String(length=20), nullable=False),
    sa.Column('way', sa.String(length=10), nullable=False),
    sa.Column('payer', sa.String(length=128), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_at', UtcTime(length=32), nullable=True),
    sa.Column('error', sa.String(length=300), nullable=False),
    sa.Column('looks', sa.Integer(), nullable=False),
    sa.Column('look_at', UtcTime(length=32), nullable=False),
    sa.Column('created_at', UtcTime(length=32), nullable=False),
    sa.Column('expires_at', UtcTime(length=32), nullable=False),
    sa.Column('ended_at', UtcTime(length=32), nullable=True),
    sa.CheckConstraint("status in ('open', 'paid', 'closed')", name=op.f('ck_charges_status')),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_charges_amount')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_charges_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_charges'))
    )

    with op.batch_alter_table('charges', schema=None) as batch_op:
        batch_op.create_index('ix_charges_look', ['look_at'], unique=False, sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))
        batch_op.create_index(batch_op.f('ix_charges_order_id'), ['order_id'], unique=False)
        batch_op.create_index('uq_charges_open', ['order_id', 'provider', 'way', 'payer', 'amount_fen'], unique=True, sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))


def downgrade() -> None:
    for name in ('charges', 'bills', 'bill_differences', 'api_keys'):
        op.drop_table(name)
