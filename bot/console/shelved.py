"""Deleting what stands on the shelf, entries and products alike, and bringing it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.visit import NotFound, Visit

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Shelved(Generic[Kept]):
    """One kind of row: its name in the audit log, its page, how it is found and changed, and what the audit log tells
    of one that goes."""

    name: str
    page: str
    find: Callable[[Session, str], Kept | None]
    find_any: Callable[[Session, str], Kept | None]
    remove: Callable[[Session, str, datetime], Any]
    restore: Callable[[Session, str, datetime], Any]
    told: Callable[[Kept], dict[str, Any]]


def delete(visit: Visit, kind: Shelved[Kept]) -> Response:
    row_id = visit.path("id")
    with visit.read() as session:
        row = kind.find(session, row_id)
    if row is None:
        raise NotFound
    with visit.act(f"{kind.name}.delete", f"{kind.name}:{row_id}", **kind.told(row)) as session:
        kind.remove(session, row_id, visit.now)
    visit.desk.shelf.refresh()
    return visit.go(f"{kind.page}?deleted={row_id}")


def restore(visit: Visit, kind: Shelved[Kept], done: str) -> Response:
    row_id = visit.path("id")
    with visit.act(f"{kind.name}.restore", f"{kind.name}:{row_id}") as session:
        if kind.find_any(session, row_id) is None:
            raise NotFound
        kind.restore(session, row_id, visit.now)
    visit.desk.shelf.refresh()
    return visit.go(f"{kind.page}/{row_id}", done)


def find_deleted(session: Session, kind: Shelved[Kept], row_id: str) -> Kept | None:
    """The row deleted a moment ago, for the undo button; None when it is back already."""
    if not row_id or kind.find(session, row_id) is not None:
        return None
    return kind.find_any(session, row_id)
