"""Business hours and promised times: the week, and the days that are different."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.responses import Response

from bot.console import forms, promises
from bot.console.forms import Form
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from bot.hours import BadSpans, Hours, read_spans, write_spans
from storage import hours
from storage.operators import ADMIN, MANAGER

PLACE = "/console/hours"
WEEKDAYS = (mark("周一"), mark("周二"), mark("周三"), mark("周四"), mark("周五"), mark("周六"), mark("周日"))


def show(visit: Visit) -> Response:
    return _page(visit)


def save(visit: Visit) -> Response:
    """The whole week at once; seven empty fields mean always open."""
    written = {f"day{number}": str(visit.form.get(f"day{number}", "")).strip()[:200] for number in range(7)}
    form: Form[Any] = forms.blank(**written)
    spans = {number: _read(visit, form, f"day{number}") for number in range(7)}
    if form.errors:
        return _page(visit, week=form, status=422)
    with visit.act("hours.save", "hours:week", week=list(spans.values())) as session:
        hours.save_week(session, spans if any(spans.values()) else {})
    return visit.go(PLACE, visit.translate("已保存。"))


def save_day(visit: Visit) -> Response:
    written = {name: str(visit.form.get(name, "")).replace("\0", "").strip()[:200] for name in ("day", "spans", "note")}
    form: Form[Any] = forms.blank(**written)
    spans = _read(visit, form, "spans")
    try:
        day = date.fromisoformat(written["day"]).isoformat()
    except ValueError:
        form.refuse("day", visit.translate("请填写日期"))
    if form.errors:
        return _page(visit, day=form, status=422)
    with visit.act("hours.save", f"hours:{day}", spans=spans) as session:
        hours.save_day(session, day, spans, written["note"][:60])
    return visit.go(PLACE, visit.translate("已保存。"))


def remove_day(visit: Visit) -> Response:
    day = visit.path("day")[:10]
    with visit.act("hours.remove", f"hours:{day}") as session:
        hours.remove_day(session, day)
    return visit.go(PLACE, visit.translate("已删除。"))


def save_promises(visit: Visit) -> Response:
    form, wanted = promises.read(visit)
    if form.errors:
        return _page(visit, promised=form, status=422)
    promises.keep(visit, wanted)
    return visit.go(PLACE, visit.translate("已保存，从下一个问题开始算。"))


def _read(visit: Visit, form: Form[Any], name: str) -> str:
    try:
        return write_spans(read_spans(str(form.values[name])))
    except BadSpans:
        form.refuse(name, visit.translate("请写成 09:00-12:00,13:30-18:00，各段不要重叠"))
        return ""


def _page(
    visit: Visit, *, week: Form[Any] | None = None, day: Form[Any] | None = None,
    promised: Form[Any] | None = None, status: int = 200,
) -> Response:
    with visit.read() as session:
        rows = hours.find_all(session)
        promised = promised or promises.form_of(visit, session)
    known = Hours.of(visit.desk.settings.time_zone, [(row.day, row.spans) for row in rows])
    week = week or forms.blank(**{f"day{row.day}": row.spans for row in rows if len(row.day) == 1})
    return visit.page(
        "hours.html", status, week=week, day=day or forms.blank(), weekdays=[visit.translate(name) for name in WEEKDAYS],
        days=[row for row in rows if len(row.day) > 1], is_open=known.is_open(visit.now),
        opens_at=known.opens_at(visit.now), is_always=known.is_always, promised=promised, promises=promises.lines(visit),
        zone=visit.desk.settings.time_zone,
    )


PAGES = (
    get("/hours", show, MANAGER),
    post("/hours", save, MANAGER),
    post("/hours/promises", save_promises, ADMIN),
    post("/hours/days", save_day, MANAGER),
    post("/hours/days/{day}/remove", remove_day, MANAGER),
)
