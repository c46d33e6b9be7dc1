"""accounts: our logins with their budgets, groups bound to them and taken under management or not."""

import sqlalchemy as sa
from alembic import op

from storage.base import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("paused_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "budgets",
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("whose", sa.String(10), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint('"count" >= 0', name=op.f("ck_budgets_count")),
        sa.PrimaryKeyConstraint("account_id", "whose", "seconds", name="pk_budgets"),
    )
    op.create_table(
        "private_talks",
        sa.Column("conversation", sa.String(120), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("conversation", name="pk_private_talks"),
    )
    op.add_column("groups", sa.Column("account_id", sa.String(40), nullable=False, server_default=""))
    op.add_column("groups", sa.Column("management", sa.String(10), nullable=False, server_default="taken"))
    op.add_column("groups", sa.Column("is_paused", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("update groups set account_id = channel")
    op.add_column("outbox", sa.Column("account_id", sa.String(40), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("planned_at", UtcTime(), nullable=True))
    op.add_column("outbox", sa.Column("confirmed_at", UtcTime(), nullable=True))
    op.execute("update outbox set account_id = channel")
    is_said = sa.text("sent_no is not null")
    op.create_index(
        "ix_outbox_account", "outbox", ["account_id", "sent_no"], sqlite_where=is_said, postgresql_where=is_said
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_account", "outbox")
    for name in ("confirmed_at", "planned_at", "account_id"):
        op.drop_column("outbox", name)
    for name in ("is_paused", "management", "account_id"):
        op.drop_column("groups", name)
    for name in ("private_talks", "budgets", "accounts"):
        op.drop_table(name)
