"""what the language model cost and said."""

import sqlalchemy as sa
from alembic import op

from storage.base import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_use",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_micro_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("tokens >= 0", name=op.f("ck_model_use_tokens")),
        sa.CheckConstraint("cost_micro_fen >= 0", name=op.f("ck_model_use_cost")),
        sa.PrimaryKeyConstraint("day", "place", name=op.f("pk_model_use")),
    )
    op.create_table(
        "model_answers",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model_answers")),
    )
    op.create_index(op.f("ix_model_answers_created_at"), "model_answers", ["created_at"])
    op.create_table(
        "model_vectors",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model_vectors")),
    )
    op.create_index(op.f("ix_model_vectors_created_at"), "model_vectors", ["created_at"])


def downgrade() -> None:
    op.drop_table("model_vectors")
    op.drop_table("model_answers")
    op.drop_table("model_use")
