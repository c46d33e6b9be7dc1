"""rewards: campaigns and their terms, attributions, commissions, the ledger, payouts."""

# ruff: noqa: E501
import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('campaigns',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('starts_at', UtcTime(), nullable=False),
    sa.Column('ends_at', UtcTime(), nullable=True),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=60), nullable=False),
    sa.CheckConstraint("status = 'draft' or version >= 1", name=op.f('ck_campaigns_version')),
    sa.CheckConstraint("status in ('draft', 'running', 'ended')", name=op.f('ck_campaigns_status')),
    sa.CheckConstraint('ends_at is null or ends_at > starts_at', name=op.f('ck_campaigns_time')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaigns'))
    )
    op.create_table('payouts',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('minimum_fen', sa.BigInteger(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('total_fen', sa.BigInteger(), nullable=False),
    sa.Column('tax_note', sa.String(length=200), nullable=False),
    sa.Column('proposed_at', UtcTime(), nullable=False),
    sa.Column('proposed_by', sa.String(length=60), nullable=False),
    sa.Column('approved_at', UtcTime(), nullable=True),
    sa.Column('approved_by', sa.String(length=60), nullable=False),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.Column('ended_by', sa.String(length=60), nullable=False),
    sa.CheckConstraint("status in ('proposed', 'approved', 'paid', 'cancelled')", name=op.f('ck_payouts_status')),
    sa.CheckConstraint("status not in ('approved', 'paid') or approved_at is not null", name=op.f('ck_payouts_approved')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payouts'))
    )
    with op.batch_alter_table('payouts', schema=None) as batch_op:
        batch_op.create_index('uq_payouts_proposed', ['status'], unique=True, sqlite_where=sa.text("status = 'proposed'"), postgresql_where=sa.text("status = 'proposed'"))

    op.create_table('transfers',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('cause', sa.String(length=200), nullable=False),
    sa.Column('unit', sa.String(length=8), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.String(length=60), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.CheckConstraint("unit in ('fen', 'points', 'coupon')", name=op.f('ck_transfers_unit')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_transfers_amount')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfers')),
    sa.UniqueConstraint('cause', name=op.f('uq_transfers_cause')),
    sa.UniqueConstraint('id', 'unit', 'amount', name='uq_transfers_amount')
    )
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_transfers_subject'), ['subject'], unique=False)

    op.create_table('campaign_granted',
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('granted_fen', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('granted_fen >= 0', name=op.f('ck_campaign_granted_granted')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_campaign_granted_campaign_id')),
    sa.PrimaryKeyConstraint('campaign_id', 'member_id', name=op.f('pk_campaign_granted'))
    )
    op.create_table('campaign_versions',
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('rule', sa.String(length=8), nullable=False),
    sa.Column('window_days', sa.Integer(), nullable=False),
    sa.Column('protection_days', sa.Integer(), nullable=False),
    sa.Column('after_sale_days', sa.Integer(), nullable=False),
    sa.Column('top_level', sa.Integer(), nullable=False),
    sa.Column('budget_fen', sa.BigInteger(), nullable=True),
    sa.Column('member_cap_fen', sa.BigInteger(), nullable=True),
    sa.Column('since', UtcTime(), nullable=False),
    sa.Column('written_by', sa.String(length=60), nullable=False),
    sa.CheckConstraint("rule in ('last', 'first', 'bound')", name=op.f('ck_campaign_versions_rule')),
    sa.CheckConstraint('(budget_fen is null or budget_fen > 0) and (member_cap_fen is null or member_cap_fen > 0)', name=op.f('ck_campaign_versions_bounds')),
    sa.CheckConstraint('after_sale_days between 0 and 365', name=op.f('ck_campaign_versions_after_sale')),
    sa.CheckConstraint('top_level in (1, 2)', name=op.f('ck_campaign_versions_top_level')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_campaign_versions_version')),
    sa.CheckConstraint('window_days between 1 and 365 and protection_days between 0 and 365', name=op.f('ck_campaign_versions_window')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_campaign_versions_campaign_id')),
    sa.PrimaryKeyConstraint('campaign_id', 'version', name=op.f('pk_campaign_versions')),
    sa.UniqueConstraint('campaign_id', 'version', 'top_level', name='uq_campaign_versions_top')
    )
    op.create_table('ledger_entries',
    sa.Column('transfer_id', BigId, nullable=False),
    sa.Column('side', sa.Integer(), nullable=False),
    sa.Column('account', sa.String(length=160), nullable=False),
    sa.Column('unit', sa.String(length=8), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('side in (-1, 1)', name=op.f('ck_ledger_entries_side')),
    sa.ForeignKeyConstraint(['transfer_id', 'unit', 'amount'], ['transfers.id', 'transfers.unit', 'transfers.amount'], name='fk_ledger_entries_transfer'),
    sa.PrimaryKeyConstraint('transfer_id', 'side', name=op.f('pk_ledger_entries'))
    )
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.create_index('ix_ledger_entries_account', ['account', 'unit', 'side', 'amount'], unique=False)

    op.create_table('payout_lines',
    sa.Column('payout_id', sa.String(length=40), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('member_name', sa.String(length=80), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('tax_note', sa.String(length=200), nullable=False),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_payout_lines_amount')),
    sa.ForeignKeyConstraint(['payout_id'], ['payouts.id'], name=op.f('fk_payout_lines_payout_id')),
    sa.PrimaryKeyConstraint('payout_id', 'member_id', name=op.f('pk_payout_lines'))
    )
    with op.batch_alter_table('payout_lines', schema=None) as batch_op:
        batch_op.create_index('ix_payout_lines_member', ['member_id'], unique=False)

    op.create_table('attribution_disputes',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('order_id', sa.String(length=40), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('words', sa.String(length=400), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('opened_at', UtcTime(), nullable=False),
    sa.Column('opened_by', sa.String(length=60), nullable=False),
    sa.Column('referrer_id', sa.String(length=120), nullable=True),
    sa.Column('answer', sa.String(length=400), nullable=False),
    sa.Column('decided_at', UtcTime(), nullable=True),
    sa.Column('decided_by', sa.String(length=60), nullable=False),
    sa.CheckConstraint("(state = 'open') = (decided_at is null)", name=op.f('ck_attribution_disputes_decided')),
    sa.CheckConstraint("state in ('open', 'corrected', 'dismissed')", name=op.f('ck_attribution_disputes_state')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_attribution_disputes_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attribution_disputes'))
    )
    with op.batch_alter_table('attribution_disputes', schema=None) as batch_op:
        batch_op.create_index('ix_attribution_disputes_order', ['order_id', 'id'], unique=False)
        batch_op.create_index('uq_attribution_disputes_open', ['order_id'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('attributions',
    sa.Column('order_id', sa.String(length=40), nullable=False),
    sa.Column('buyer_id', sa.String(length=120), nullable=False),
    sa.Column('referrer_id', sa.String(length=120), nullable=True),
    sa.Column('upper_id', sa.String(length=120), nullable=True),
    sa.Column('touch_id', BigId, nullable=True),
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('seen_to', BigId, nullable=False),
    sa.Column('decided_at', UtcTime(), nullable=False),
    sa.Column('accrued_at', UtcTime(), nullable=True),
    sa.Column('is_first', sa.Boolean(), nullable=False),
    sa.CheckConstraint('(referrer_id is null) = (touch_id is null)', name=op.f('ck_attributions_touch')),
    sa.CheckConstraint('referrer_id is null or referrer_id <> buyer_id', name=op.f('ck_attributions_self')),
    sa.CheckConstraint('upper_id is null or (referrer_id is not null and upper_id <> referrer_id)', name=op.f('ck_attributions_upper')),
    sa.ForeignKeyConstraint(['campaign_id', 'version'], ['campaign_versions.campaign_id', 'campaign_versions.version'], name='fk_attributions_version'),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_attributions_order_id')),
    sa.PrimaryKeyConstraint('order_id', name=op.f('pk_attributions'))
    )
    with op.batch_alter_table('attributions', schema=None) as batch_op:
        batch_op.create_index('ix_attributions_campaign', ['campaign_id', 'decided_at'], unique=False)
        batch_op.create_index('ix_attributions_decided', ['decided_at'], unique=False)
        batch_op.create_index('ix_attributions_referrer', ['referrer_id', 'decided_at'], unique=False)

    op.create_table('campaign_rewards',
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('top_level', sa.Integer(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=8), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('occasion', sa.String(length=12), nullable=False),
    sa.Column('scope', sa.String(length=8), nullable=False),
    sa.Column('target', sa.String(length=80), nullable=False),
    sa.CheckConstraint("(scope = 'shop') = (target = '')", name=op.f('ck_campaign_rewards_target')),
    sa.CheckConstraint("amount > 0 and (kind = 'flat' or amount <= 10000)", name=op.f('ck_campaign_rewards_amount')),
    sa.CheckConstraint("kind in ('percent', 'flat')", name=op.f('ck_campaign_rewards_kind')),
    sa.CheckConstraint("level > 0 or unit <> 'fen'", name=op.f('ck_campaign_rewards_friend')),
    sa.CheckConstraint("occasion in ('order', 'first_order', 'team')", name=op.f('ck_campaign_rewards_occasion')),
    sa.CheckConstraint("scope in ('shop', 'drop', 'product')", name=op.f('ck_campaign_rewards_scope')),
    sa.CheckConstraint("unit in ('fen', 'points', 'coupon')", name=op.f('ck_campaign_rewards_unit')),
    sa.CheckConstraint('level in (0, 1, 2) and level <= top_level', name=op.f('ck_campaign_rewards_level')),
    sa.ForeignKeyConstraint(['campaign_id', 'version', 'top_level'], ['campaign_versions.campaign_id', 'campaign_versions.version', 'campaign_versions.top_level'], name='fk_campaign_rewards_version'),
    sa.PrimaryKeyConstraint('campaign_id', 'version', 'position', name=op.f('pk_campaign_rewards'))
    )
    op.create_table('commissions',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('order_id', sa.String(length=40), nullable=False),
    sa.Column('sku_id', sa.String(length=80), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=8), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('campaign_id', sa.String(length=40), nullable=False),
    sa.Column('base_fen', sa.BigInteger(), nullable=False),
    sa.Column('wanted', sa.BigInteger(), nullable=False),
    sa.Column('granted', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=True),
    sa.Column('accrued_at', UtcTime(), nullable=False),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.Column('payout_id', sa.String(length=40), nullable=True),
    sa.Column('held_from', sa.String(length=10), nullable=True),
    sa.Column('held_why', sa.String(length=40), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.CheckConstraint("(state = 'held') = (held_from is not null)", name=op.f('ck_commissions_held')),
    sa.CheckConstraint("state in ('pending', 'payable', 'paid', 'reversed', 'held', 'rejected')", name=op.f('ck_commissions_state')),
    sa.CheckConstraint("state not in ('reversed', 'rejected') or amount = 0", name=op.f('ck_commissions_nothing')),
    sa.CheckConstraint("unit in ('fen', 'points', 'coupon')", name=op.f('ck_commissions_unit')),
    sa.CheckConstraint('amount >= 0 and granted >= 0 and granted <= wanted', name=op.f('ck_commissions_amount')),
    sa.CheckConstraint('base_fen >= 0', name=op.f('ck_commissions_base')),
    sa.CheckConstraint('level in (0, 1, 2)', name=op.f('ck_commissions_level')),
    sa.ForeignKeyConstraint(['order_id'], ['attributions.order_id'], name=op.f('fk_commissions_order_id')),
    sa.ForeignKeyConstraint(['payout_id'], ['payouts.id'], name=op.f('fk_commissions_payout_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commissions'))
    )
    with op.batch_alter_table('commissions', schema=None) as batch_op:
        batch_op.create_index('ix_commissions_campaign', ['campaign_id', 'id'], unique=False)
        batch_op.create_index('ix_commissions_due', ['due_at'], unique=False, sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"))
        batch_op.create_index('ix_commissions_member', ['member_id', 'accrued_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_commissions_payout_id'), ['payout_id'], unique=False)
        batch_op.create_index('ix_commissions_state', ['state', 'id'], unique=False)
        batch_op.create_index('uq_commissions_line', ['order_id', 'sku_id', 'position', 'member_id'], unique=True)


def downgrade() -> None:
    with op.batch_alter_table('commissions', schema=None) as batch_op:
        batch_op.drop_index('uq_commissions_line')
        batch_op.drop_index('ix_commissions_state')
        batch_op.drop_index(batch_op.f('ix_commissions_payout_id'))
        batch_op.drop_index('ix_commissions_member')
        batch_op.drop_index('ix_commissions_due', sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"))
        batch_op.drop_index('ix_commissions_campaign')

    op.drop_table('commissions')
    op.drop_table('campaign_rewards')
    with op.batch_alter_table('attributions', schema=None) as batch_op:
        batch_op.drop_index('ix_attributions_referrer')
        batch_op.drop_index('ix_attributions_decided')
        batch_op.drop_index('ix_attributions_campaign')

    op.drop_table('attributions')
    with op.batch_alter_table('attribution_disputes', schema=None) as batch_op:
        batch_op.drop_index('uq_attribution_disputes_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index('ix_attribution_disputes_order')

    op.drop_table('attribution_disputes')
    with op.batch_alter_table('payout_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_payout_lines_member')

    op.drop_table('payout_lines')
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.drop_index('ix_ledger_entries_account')

    op.drop_table('ledger_entries')
    op.drop_table('campaign_versions')
    op.drop_table('campaign_granted')
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_transfers_subject'))

    op.drop_table('transfers')
    with op.batch_alter_table('payouts', schema=None) as batch_op:
        batch_op.drop_index('uq_payouts_proposed', sqlite_where=sa.text("status = 'proposed'"), postgresql_where=sa.text("status = 'proposed'"))

    op.drop_table('payouts')
    op.drop_table('campaigns')
