"""Alembic's entry: runs the migrations on the connection it is given."""

from alembic import context

from storage.models import METADATA


def is_ours(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The full-text index is made by hand: a virtual table with shadows on SQLite, a plain one on PostgreSQL."""
    return not (kind == "table" and name is not None and name.startswith("inbox_search"))


context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, compare_type=True,
    render_as_batch=True, include_object=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
