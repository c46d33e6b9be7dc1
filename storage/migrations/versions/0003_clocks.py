"""service: clocks and alerts, opening days, answers given, canned replies, notes, drafts, who is on duty."""

import sqlalchemy as sa
from alembic import op

from storage.base import BigId, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_clocks()
    _create_desk()
    op.add_column("operators", sa.Column("on_duty_since", UtcTime(), nullable=True))
    op.add_column("handovers", sa.Column("heard_id", BigId, nullable=True))


def _create_clocks() -> None:
    op.create_table(
        "clocks",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("conversation", sa.String(120), nullable=False),
        sa.Column("group_id", sa.String(120), nullable=True),
        sa.Column("member_id", sa.String(120), nullable=False),
        sa.Column("handover_id", BigId, nullable=True),
        sa.Column("asked_id", BigId, nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("promised_at", UtcTime(), nullable=False),
        sa.Column("stage", sa.String(20), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("later", sa.Text(), nullable=False),
        sa.Column("late_at", UtcTime(), nullable=True),
        sa.Column("stopped_at", UtcTime(), nullable=True),
        sa.Column("stopped_by", sa.String(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_clocks"),
    )
    due, running = sa.text("due_at is not null"), sa.text("stopped_at is null")
    op.create_index("ix_clocks_due", "clocks", ["due_at"], sqlite_where=due, postgresql_where=due)
    op.create_index(
        "uq_clocks_running", "clocks", ["conversation", "member_id", "kind"], unique=True, sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index("ix_clocks_handover", "clocks", ["handover_id", "id"])
    op.create_index("ix_clocks_started", "clocks", ["started_at"])
    op.create_table(
        "alerts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("clock_id", BigId, nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("operator_id", BigId, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("uq_alerts_stage", "alerts", ["clock_id", "stage", "operator_id"], unique=True)
    op.create_index("ix_alerts_operator", "alerts", ["operator_id", "id"])
    op.create_table(
        "opening_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("spans", sa.String(200), nullable=False),
        sa.Column("note", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_opening_days"),
    )
    op.create_table(
        "answers_given",
        sa.Column("id", BigId, autoincrement=False, nullable=False),
        sa.Column("passage_id", sa.String(200), nullable=False),
        sa.Column("member_id", sa.String(120), nullable=False),
        sa.Column("answered_at", UtcTime(), nullable=False),
        sa.Column("verdict", sa.String(12), nullable=True),
        sa.Column("judged_at", UtcTime(), nullable=True),
        sa.Column("is_useful", sa.Boolean(), nullable=True),
        sa.Column("rated_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_answers_given"),
    )
    op.create_index("ix_answers_given_answered", "answers_given", ["answered_at"])


def _create_desk() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_canned_replies"),
        sa.UniqueConstraint("title", name="uq_canned_replies_title"),
    )
    op.create_table(
        "notes",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("handover_id", BigId, nullable=False),
        sa.Column("operator_id", BigId, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name="fk_notes_handover_id"),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name="fk_notes_operator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_handover", "notes", ["handover_id", "id"])
    op.create_table(
        "drafts",
        sa.Column("handover_id", BigId, nullable=False),
        sa.Column("operator_id", BigId, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name="fk_drafts_handover_id"),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name="fk_drafts_operator_id"),
        sa.PrimaryKeyConstraint("handover_id", "operator_id", name="pk_drafts"),
    )


def downgrade() -> None:
    with op.batch_alter_table("handovers") as table:
        table.drop_column("heard_id")
    with op.batch_alter_table("operators") as table:
        table.drop_column("on_duty_since")
    for name in ("drafts", "notes", "canned_replies", "answers_given", "opening_days", "alerts", "clocks"):
        op.drop_table(name)
