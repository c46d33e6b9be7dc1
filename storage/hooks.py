"""Webhooks that no target took: the dead letters among the jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.jobs import RESTING, Job, wake

KIND = "HookWanted"


def find_dead(session: Session, limit: int = 50) -> Sequence[Job]:
    """Hooks given up after the last try, the newest first; `payload` has target and body, `error` why."""
    query = select(Job).where(Job.state == RESTING, Job.kind == KIND)
    return session.scalars(query.order_by(Job.id.desc()).limit(limit)).all()


def retry_all(session: Session, now: datetime) -> int:
    """Try every dead hook again; gives how many."""
    return sum(wake(session, job.id, now) for job in find_dead(session, 1_000))
