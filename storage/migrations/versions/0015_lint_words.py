"""lint words: the shop's own dictionary for the guard over words."""

import sqlalchemy as sa
from alembic import op

from storage.base import UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('lint_words',
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('text', sa.String(length=60), nullable=False),
    sa.Column('level', sa.String(length=5), nullable=False),
    sa.Column('set_by', sa.String(length=60), nullable=False),
    sa.Column('set_at', UtcTime(length=32), nullable=False),
    sa.CheckConstraint("kind in ('word', 'allowed', 'contact', 'host', 'off')", name=op.f('ck_lint_words_kind')),
    sa.CheckConstraint("(kind = 'word') = (level in ('block', 'warn', 'note'))", name=op.f('ck_lint_words_level')),
    sa.PrimaryKeyConstraint('kind', 'text', name=op.f('pk_lint_words'))
    )


def downgrade() -> None:
    op.drop_table('lint_words')
