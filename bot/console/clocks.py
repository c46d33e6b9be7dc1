"""Clocks as an operator sees them: what runs for a conversation, who is told, who is on duty, how promises are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from bot.hours import Hours
from handlers.clocks import actions
from storage import answers, clocks, handovers, hours, members, operators
from storage.answers import RESOLVED
from storage.clocks import Clock
from storage.operators import MANAGER, VIEWER

NAMES = {
    clocks.FIRST: mark("首次回复"), clocks.NEXT: mark("再次回复"), clocks.RESOLUTION: mark("解决"),
    clocks.COMPLAINT_RESPONSE: mark("投诉回应"), clocks.COMPLAINT_CLOSING: mark("投诉办结"),
}  # fmt: skip
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Ticking:
    """A clock that runs: what for, whether it is late, and how far its time is away, either way."""

    name: str
    is_late: bool
    away: timedelta
    is_close: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An alert with the conversation it is about."""

    alert_id: int
    handover_id: int | None
    member: str
    ticking: Ticking


@dataclass(frozen=True, slots=True)
class Kept:
    """Seven days in figures: shares are None where nothing was counted."""

    resolved: float | None
    useful: float | None
    in_time: float | None


def ticking(visit: Visit, clock: Clock) -> Ticking:
    away = clock.promised_at - visit.now
    return Ticking(
        visit.translate(NAMES[clock.kind]), away.total_seconds() < 0, abs(away),
        away < (clock.promised_at - clock.started_at) / 3,
    )


def find_ticking(visit: Visit, session: Session, handover_ids: Sequence[int]) -> dict[int, list[Ticking]]:
    """What runs for each of these handovers, the most pressing first."""
    running = clocks.find_running(session, handover_ids)
    return {handover_id: [ticking(visit, one) for one in found] for handover_id, found in running.items()}


def find_told(visit: Visit, session: Session) -> list[Told]:
    """What the operator is alerted to, one line a clock."""
    found: dict[int, Told] = {}
    rows = clocks.find_alerts(session, visit.operator.id)
    names = members.find_names(session, {clock.member_id for _, clock in rows})
    for alert, clock in rows:
        member = names.get(clock.member_id) or clock.member_id
        found.setdefault(clock.id, Told(alert.id, clock.handover_id, member, ticking(visit, clock)))
    return list(found.values())


def find_kept(visit: Visit, session: Session) -> Kept:
    since = visit.now - WEEK
    verdicts, (useful, useless) = answers.count_verdicts(session, since), answers.count_ratings(session, since)
    judged, promised = sum(verdicts.values()), clocks.count_kept(session, since).values()
    ended, late = sum(count for _, count in promised), sum(count for count, _ in promised)
    return Kept(
        verdicts.get(RESOLVED, 0) / judged if judged else None,
        useful / (useful + useless) if useful + useless else None,
        1 - late / ended if ended else None,
    )


def set_duty(visit: Visit) -> Response:
    """The operator begins or ends being there for whoever asks."""
    is_on = visit.form.get("on") == "1"
    with visit.act("operator.duty", f"operator:{visit.operator.id}", on=is_on) as session:
        operators.set_duty(session, visit.operator.id, visit.now if is_on else None)
    return visit.go("/console/handovers", visit.translate("您已上岗，有提醒会发给您。") if is_on else visit.translate("您已下岗。"))


def wave_away(visit: Visit) -> Response:
    with visit.desk.database.write() as session:
        clocks.wave_away(session, visit.path("id"), visit.operator.id, visit.now)
    visit.desk.pressed.forget()
    return visit.go(visit.back("/console/handovers"))


def pressing(visit: Visit) -> Response:
    """The badge's count, asked for by every open page; who comes without JavaScript sees the queue."""
    return visit.page("pressing_poll.html") if visit.is_partial else visit.go("/console/handovers")


def stop_all(session: Session, visit: Visit, handover_id: int) -> None:
    """A closed conversation promises nothing any more."""
    clocks.stop_of_handover(session, handover_id, visit.now, visit.operator.name)


def start_again(session: Session, visit: Visit, handover_id: int) -> None:
    """A conversation opened again is to be closed in time again."""
    written = Hours.of(visit.desk.settings.time_zone, [(row.day, row.spans) for row in hours.find_all(session)])
    actions.start_again(session, handovers.get(session, handover_id), visit.now, written)


PAGES = (
    post("/duty", set_duty, MANAGER),
    post("/alerts/{id:int}/seen", wave_away, MANAGER),
    get("/pressing", pressing, VIEWER),
)
