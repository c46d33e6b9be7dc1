"""The calendar: month, week and agenda, what the rules make of it in one group, and moving and cancelling single times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import planned_words
from bot.console.pages import get, post
from bot.console.plans import WEEKDAYS, find_asked
from bot.console.visit import NotFound, Visit
from bot.recurrence import is_on_the_wall, to_utc
from handlers.posts import actions, crowding, desk, forecast, judging, month, rules
from handlers.posts import calendar as planned
from handlers.posts.drafts import BadPlan
from storage import groups, mix, occurrences, plans, posts
from storage.operators import MANAGER, VIEWER
from storage.posts import ADVERT

HOME, CHOICES, DRY_DAYS = "/console/calendar", 500, 30
VIEWS = ("month", "week", "agenda")
MOST = {"month": 4, "week": 40, "agenda": 60}


def show(visit: Visit) -> Response:
    view = visit.chosen("view", VIEWS) or ("agenda" if "Mobi" in visit.request.headers.get("user-agent", "") else "month")
    day = _day_of(visit)
    kind, group_id = visit.chosen("kind", posts.KINDS), visit.query("group", 120)
    first, count = _span(view, day)
    since, until = _midnight(visit, first), _midnight(visit, first + timedelta(days=count))
    with visit.read() as session:
        days = month.find_days(
            session, since, until, visit.now, visit.desk.settings.time_zone, most=MOST[view],
            group_ids=[group_id] if group_id else (), kinds=[kind] if kind else (),
        )
        choices = groups.find_newest(session, CHOICES)
        told = _tell_group(visit, session, group_id) if group_id else None
        asked = find_asked(session, 20)
        is_told = not group_id and kind in ("", posts.ADVERT)
        zone = visit.desk.settings.time_zone
        crowds, budget = crowding.find_crowds(session, since, until, visit.now, zone) if is_told else ({}, None)
        crowded = groups.find_names(session, {one for crowd in crowds.values() for one in sorted(crowd.groups)[:3]})
    step = {"month": None, "week": 7, "agenda": 7}[view]
    return visit.page(
        "calendar.html", view=view, day=day, days=days, choices=choices, kind=kind, group=group_id, told=told, asked=asked,
        is_chosen=bool(visit.query("view")), before=_stepped(day, -1, step), after=_stepped(day, 1, step), weekdays=WEEKDAYS,
        crowds=crowds, budget=budget, crowded=crowded, today=visit.now.astimezone(visit.desk.zone).date(), names=planned_words, moved=_moved(visit),
        why=lambda reason: planned_words.why(visit, reason),
    )


def _day_of(visit: Visit) -> date:
    try:
        day = date.fromisoformat(visit.query("day", 10))
    except ValueError:
        return visit.now.astimezone(visit.desk.zone).date()
    return day if 2000 < day.year < 2200 else visit.now.astimezone(visit.desk.zone).date()


def _span(view: str, day: date) -> tuple[date, int]:
    """The first day shown, and how many."""
    if view == "agenda":
        return day, 7
    if view == "week":
        return day - timedelta(days=day.weekday()), 7
    first = day.replace(day=1)
    first -= timedelta(days=first.weekday())
    last = _stepped(day.replace(day=1), 1, None) - timedelta(days=1)
    return first, -(-((last - first).days + 1) // 7) * 7


def _stepped(day: date, by: int, days: int | None) -> date:
    """A week, or (without days) the first of the month before or after."""
    if days is not None:
        return day + timedelta(days=by * days)
    return (day.replace(day=15) + timedelta(days=30 * by)).replace(day=1)


def _midnight(visit: Visit, day: date) -> datetime:
    return to_utc(datetime.combine(day, datetime.min.time()), visit.desk.settings.time_zone)


def _tell_group(visit: Visit, session: Session, group_id: str) -> Mapping[str, Any]:
    """What the rules of the mix make of the next thirty days of a group, and how much of its budget is used."""
    if groups.find(session, group_id) is None:
        raise NotFound
    forecasts = forecast.dry_run(session, group_id, visit.now, DRY_DAYS)
    said, own = judging.find_said(session, group_id, visit.now), mix.get_rules(session, group_id)
    zone, today = visit.desk.zone, visit.now.astimezone(visit.desk.zone).date()
    week = [one for one in said if one.at > visit.now - rules.WEEK]
    return {
        "verdicts": {(one.entry.plan_id, one.entry.slot): one.verdict for one in forecasts}, "forecasts": forecasts, "rules": own,
        "adverts_today": sum(one.kind == ADVERT and one.at.astimezone(zone).date() == today for one in said),
        "adverts_week": sum(one.kind == ADVERT for one in week), "posts_week": len(week),
    }


def dry_run(visit: Visit) -> Response:
    group_id = visit.query("group", 120)
    with visit.read() as session:
        choices = groups.find_newest(session, CHOICES)
        group_id = group_id or (choices[0].id if choices else "")
        told = _tell_group(visit, session, group_id) if group_id else None
    return visit.page(
        "calendar_dry.html", choices=choices, group=group_id, told=told, names=planned_words, days=DRY_DAYS,
        why=lambda reason: planned_words.why(visit, reason),
    )


def one(visit: Visit) -> Response:
    """One time of a plan: where it goes, what became of it, and what can be done."""
    plan_id, slot = visit.path("plan"), visit.query("slot", 160)
    with visit.read() as session:
        plan = plans.get(session, plan_id)
        row = posts.get(session, plan.post_id)
        rows = occurrences.find_of_slot(session, plan_id, slot)
        at = rows[0].planned_at if rows else _time_of(slot)
        if at is None:
            raise NotFound
        names_of = groups.find_names(session, {one.group_id for one in rows})
        entry = next(
            (one for one in planned.find_entries(
                session, at, at + timedelta(seconds=1), visit.now, plan_ids=[plan_id]) if one.slot == slot), None,
        )  # fmt: skip
    restorable = [one.id for one in rows if desk.is_restorable(one, visit.now)]
    hurried = [one for one in rows if one.id in restorable and one.queued_at is not None]
    states = {one.state for one in rows} or set(entry.states if entry else ())
    return visit.page(
        "calendar_one.html", plan=plan, post=row, rows=rows, entry=entry, slot=slot, at=at, group_names=names_of,
        restorable=restorable, seconds_left=_seconds_left(visit, hurried), is_open=occurrences.PLANNED in states, names=planned_words,
        is_stoppable=bool(states & {occurrences.PLANNED, occurrences.QUEUED, occurrences.ASKED}),
        why=lambda reason: planned_words.why(visit, reason), moved=_moved(visit),
    )


def _seconds_left(visit: Visit, rows: Sequence[occurrences.Occurrence]) -> int:
    """How long what was taken out of the outbox can still go back; 0 where there is none of it."""
    left = [actions.UNDO_SECONDS - int((visit.now - row.due_at).total_seconds()) for row in rows]
    return max(left, default=0)


def _time_of(slot: str) -> datetime | None:
    try:
        return datetime.strptime(slot, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _moved(visit: Visit) -> Mapping[str, Any] | None:
    """What was moved just now, for taking it back."""
    plan_id, _, slot = visit.query("moved", 200).partition("~")
    before = visit.query("from", 20)
    return {"plan": int(plan_id), "slot": slot, "from": before} if plan_id.isdecimal() and before else None


def move(visit: Visit) -> Response:
    """Give a time of a plan another time: by a form, or a day it was dragged to, with its time of day kept."""
    plan_id, slot = visit.path("plan"), str(visit.form.get("slot", ""))[:160]
    with visit.read() as session:
        zone = plans.get(session, plan_id).time_zone
        rows = occurrences.find_of_slot(session, plan_id, slot)
    at = rows[0].planned_at if rows else _time_of(slot)
    if at is None:
        raise NotFound
    wall = at.astimezone(visit.desk.zone).replace(tzinfo=None)
    try:
        day = date.fromisoformat(str(visit.form.get("day", "")))
        clock = datetime.strptime(str(visit.form.get("time") or wall.strftime("%H:%M")), "%H:%M").time()  # noqa: DTZ007
        to = _to_utc(datetime.combine(day, clock), visit.desk.settings.time_zone)
        with visit.act("occurrence.move", f"plan:{plan_id}", slot=slot, to=to.isoformat(), zone=zone) as session:
            count = desk.move(session, plan_id, slot, to, visit.now)
    except (ValueError, BadPlan) as bad:
        words = planned_words.fault(visit, bad.why) if isinstance(bad, BadPlan) else visit.translate("请选日期和时间")
        return visit.go(visit.back(HOME), words, is_bad=True)
    if not count:
        return visit.go(visit.back(HOME), visit.translate("已经发出或正在发，移不动了。"), is_bad=True)
    back = visit.back(HOME).split("&moved=")[0]
    mark = "" if visit.form.get("is_back") else f"&moved={plan_id}~{slot}&from={wall:%Y-%m-%dT%H:%M}"
    return visit.go(f"{back}{'' if '?' in back or not mark else '?'}{mark}", visit.translate("已移动。"))


def _to_utc(wall: datetime, zone: str) -> datetime:
    if not is_on_the_wall(wall, zone):
        raise BadPlan("when", "the clocks leave this time out on that day")
    return to_utc(wall, zone)


def cancel(visit: Visit) -> Response:
    plan_id, slot = visit.path("plan"), str(visit.form.get("slot", ""))[:160]
    with visit.act("occurrence.cancel", f"plan:{plan_id}", slot=slot) as session:
        gone = desk.cancel(session, plan_id, slot, visit.now, str(visit.form.get("group", ""))[:120])
    told = visit.translate("这一次取消了，可以恢复。") if gone else visit.translate("已经发出，取消不了。")
    return visit.go(visit.back(HOME), told, is_bad=not gone)


def restore(visit: Visit) -> Response:
    plan_id, slot = visit.path("plan"), str(visit.form.get("slot", ""))[:160]
    with visit.act("occurrence.restore", f"plan:{plan_id}", slot=slot) as session:
        rows = occurrences.find_of_slot(session, plan_id, slot)
        count = desk.restore(session, [row.id for row in rows], visit.now)
    told = visit.translate("已恢复。") if count else visit.translate("恢复不了：已经从待发里拿掉。")
    return visit.go(visit.back(HOME), told, is_bad=not count)


PAGES = (
    get("/calendar", show, VIEWER),
    get("/calendar/dry-run", dry_run, VIEWER),
    get("/calendar/one/{plan:int}", one, VIEWER),
    post("/calendar/one/{plan:int}/move", move, MANAGER),
    post("/calendar/one/{plan:int}/cancel", cancel, MANAGER),
    post("/calendar/one/{plan:int}/restore", restore, MANAGER),
)
