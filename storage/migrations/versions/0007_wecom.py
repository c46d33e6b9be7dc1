"""what the WeCom channel must remember."""

import sqlalchemy as sa
from alembic import op

from storage.base import UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wecom_chats",
        sa.Column("chat_id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("member_version", sa.String(length=64), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_wecom_chats")),
    )
    op.create_table(
        "wecom_rereads",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("token", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "subject", name=op.f("pk_wecom_rereads")),
    )
    op.create_table(
        "wecom_cursors",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("open_kfid", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=200), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "open_kfid", name=op.f("pk_wecom_cursors")),
    )
    op.create_table(
        "wecom_sends",
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("chat_id", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=True),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_wecom_sends")),
    )
    op.create_index("ix_wecom_sends_next", "wecom_sends", ["state", "next_at"])
    op.create_table(
        "wecom_made",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("remote_id", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "name", name=op.f("pk_wecom_made")),
    )


def downgrade() -> None:
    op.drop_table("wecom_made")
    op.drop_index("ix_wecom_sends_next", table_name="wecom_sends")
    op.drop_table("wecom_sends")
    op.drop_table("wecom_cursors")
    op.drop_table("wecom_rereads")
    op.drop_table("wecom_chats")
