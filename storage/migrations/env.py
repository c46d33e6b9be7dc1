"""Alembic's entry: runs the migrations on the connection it is given."""

from alembic import context

from storage.migrate import is_ours
from storage.models import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, compare_type=True,
    render_as_batch=True, include_object=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
