"""When drops open and close and their teams have to be formed, beside what plans were told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage import drops, teams
from storage.base import AnyRow
from storage.drops import CANCELLED, CLOSED, GROUP, GROUPS, OPEN, SCHEDULED, TEAM, TIER
from storage.moments import Moment
from storage.plans import ACTIVE, AFTER, DROP_CLOSES, DROP_FORMS, DROP_OPENS, OF_DROPS
from storage.plans import TABLE as PLANS

REMEMBERED = timedelta(days=60)  # how far back a moment may lie that plans still follow

Key = tuple[str, str, str]  # anchor, subject, group


def find_changes(session: Session, now: datetime) -> dict[Key, datetime | None]:
    """What plans are to be told: moments that are new or moved, and with None those that will not be. Nothing while no plan
    follows a drop."""
    following = select(PLANS.c.id).where(PLANS.c.anchor.in_(OF_DROPS), PLANS.c.state == ACTIVE, PLANS.c.when_kind == AFTER)
    if session.execute(following.limit(1)).first() is None:
        return {}
    expected = _find_expected(session, now)
    kept = {
        (row.anchor, row.subject, row.group_id): row.at
        for row in session.execute(
            select(Moment.anchor, Moment.subject, Moment.group_id, Moment.at)
            .where(Moment.anchor.in_(OF_DROPS), Moment.at >= now - REMEMBERED)
        )
    }  # fmt: skip
    changed: dict[Key, datetime | None] = {key: at for key, at in expected.items() if kept.get(key) != at}
    gone = [key for key in kept if key not in expected]
    called_off = _know(session, [subject for _, subject, _ in gone]) if gone else {}
    return changed | {key: None for key in gone if key[1] in called_off and (kept[key] > now or called_off[key[1]])}


def _find_expected(session: Session, now: datetime) -> dict[Key, datetime]:
    """The moments of drops that are planned, open, or closed since yesterday."""
    table = drops.TABLE
    is_over = (table.c.status == CLOSED) & (table.c.closed_at >= now - timedelta(days=1))
    rows = session.execute(
        select(table.c.id, table.c.kind, table.c.opens_at, table.c.opened_at, table.c.closes_at, table.c.closed_at)
        .where(table.c.status.in_((SCHEDULED, OPEN)) | is_over)
    ).all()
    groups_of: dict[str, list[str]] = {}
    for row in session.execute(select(GROUPS).where(GROUPS.c.drop_id.in_([row.id for row in rows]))):
        groups_of.setdefault(row.drop_id, []).append(row.group_id)
    found: dict[Key, datetime] = {}
    for row in rows:
        times = {DROP_OPENS: row.opened_at or row.opens_at, DROP_CLOSES: row.closed_at or row.closes_at}
        if row.kind in (GROUP, TIER):
            times[DROP_FORMS] = times[DROP_CLOSES]
        for anchor, at in times.items():
            for group_id in groups_of.get(row.id, [""]) if at is not None else ():
                found[anchor, row.id, group_id] = at
    forming = _find_next_teams(session) if any(row.kind == TEAM for row in rows) else ()
    return found | {(DROP_FORMS, team.id, team.group_id or ""): team.expires_at for team in forming}


def _find_next_teams(session: Session) -> Sequence[AnyRow]:
    """Of each drop and group the team that has to be formed first."""
    table = teams.TABLE
    first = (
        select(table.c.drop_id, table.c.group_id, func.min(table.c.expires_at).label("at"))
        .where(table.c.status == teams.FORMING).group_by(table.c.drop_id, table.c.group_id).subquery()
    )
    is_first = (
        (first.c.drop_id == table.c.drop_id) & (first.c.at == table.c.expires_at)
        & (func.coalesce(first.c.group_id, "") == func.coalesce(table.c.group_id, ""))
    )
    query = select(func.min(table.c.id).label("id"), table.c.group_id, table.c.expires_at).join(first, is_first)
    query = query.where(table.c.status == teams.FORMING).group_by(table.c.drop_id, table.c.group_id, table.c.expires_at)
    return session.execute(query).all()


def _know(session: Session, subjects: Sequence[str]) -> dict[str, bool]:
    """Those of these that are drops or teams of ours, and whether they were called off."""
    found: dict[str, bool] = {}
    for table in (drops.TABLE, teams.TABLE):
        query = select(table.c.id, table.c.status).where(table.c.id.in_(subjects))
        found |= {row.id: row.status == CANCELLED for row in session.execute(query)}
    return found
