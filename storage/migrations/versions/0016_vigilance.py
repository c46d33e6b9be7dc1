"""vigilance: signs that accounts share, suspicions with their orders, and members who stay out of referring."""

# ruff: noqa: E501
import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('signs',
    sa.Column('digest', sa.String(length=24), nullable=False),
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('seen_at', UtcTime(), nullable=False),
    sa.CheckConstraint("kind in ('payer', 'phone', 'home', 'device', 'network')", name=op.f('ck_signs_kind')),
    sa.PrimaryKeyConstraint('digest', 'member_id', name=op.f('pk_signs'))
    )
    with op.batch_alter_table('signs', schema=None) as batch_op:
        batch_op.create_index('ix_signs_member', ['member_id', 'seen_at'], unique=False)

    op.create_table('suspicions',
    sa.Column('id', BigId, autoincrement=True, nullable=False),
    sa.Column('rule', sa.String(length=12), nullable=False),
    sa.Column('referrer_id', sa.String(length=120), nullable=False),
    sa.Column('mark', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('opened_at', UtcTime(), nullable=False),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.Column('decided_at', UtcTime(), nullable=True),
    sa.Column('decided_by', sa.String(length=60), nullable=False),
    sa.Column('words', sa.String(length=400), nullable=False),
    sa.CheckConstraint("(state = 'open') = (decided_at is null)", name=op.f('ck_suspicions_decided')),
    sa.CheckConstraint("rule in ('self', 'household', 'ring', 'velocity', 'join_farm', 'refund_ring')", name=op.f('ck_suspicions_rule')),
    sa.CheckConstraint("state in ('open', 'confirmed', 'cleared')", name=op.f('ck_suspicions_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suspicions'))
    )
    with op.batch_alter_table('suspicions', schema=None) as batch_op:
        batch_op.create_index('ix_suspicions_referrer', ['referrer_id', 'rule', 'mark'], unique=False)
        batch_op.create_index('ix_suspicions_state', ['state', 'id'], unique=False)
        batch_op.create_index('uq_suspicions_open', ['referrer_id', 'rule', 'mark'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('referral_choices',
    sa.Column('member_id', sa.String(length=120), nullable=False),
    sa.Column('out_at', UtcTime(), nullable=False),
    sa.Column('erased_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('fk_referral_choices_member_id_members')),
    sa.PrimaryKeyConstraint('member_id', name=op.f('pk_referral_choices'))
    )
    op.create_table('suspected_orders',
    sa.Column('suspicion_id', BigId, nullable=False),
    sa.Column('order_id', sa.String(length=40), nullable=False),
    sa.Column('held_fen', sa.BigInteger(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_suspected_orders_order_id_orders')),
    sa.ForeignKeyConstraint(['suspicion_id'], ['suspicions.id'], name=op.f('fk_suspected_orders_suspicion_id_suspicions')),
    sa.PrimaryKeyConstraint('suspicion_id', 'order_id', name=op.f('pk_suspected_orders'))
    )
    with op.batch_alter_table('suspected_orders', schema=None) as batch_op:
        batch_op.create_index('ix_suspected_orders_order', ['order_id'], unique=False)


def downgrade() -> None:
    for table in ("suspected_orders", "referral_choices", "suspicions", "signs"):
        op.drop_table(table)
