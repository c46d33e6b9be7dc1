"""Empties the shop: everything but who may sign in and what they did."""

from __future__ import annotations

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from storage.models import METADATA

KEPT = frozenset({"operators", "operator_sessions", "sign_in_failures", "audit"})


def empty(session: Session) -> None:
    """Delete products, FAQ, groups, members, talk, handovers, what was said and what is due."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for table in reversed(METADATA.sorted_tables):
        if table.name in KEPT or (is_sqlite and table.info.get("dialect") == "postgresql"):
            continue
        session.execute(delete(table))
    if is_sqlite:
        session.execute(text("insert into inbox_search(inbox_search) values ('delete-all')"))
