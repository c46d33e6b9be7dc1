"""what the shop promises."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promises",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("warn_seconds", sa.Integer(), nullable=False),
        sa.Column("late_seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 < warn_seconds and warn_seconds < late_seconds", name=op.f("ck_promises_stages")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_promises")),
    )


def downgrade() -> None:
    op.drop_table("promises")
