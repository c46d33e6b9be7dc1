"""Plans: writing them, pausing, cancelling and going on, and the admin's yes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import plan_forms, planned_words
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.plan_forms import PlanForm
from bot.console.posts import editor_of
from bot.console.visit import NotFound, Visit
from handlers.posts import actions, desk
from handlers.posts.drafts import BadPlan
from storage import audiences, groups, occurrences, plans, posts
from storage.operators import ADMIN, MANAGER, VIEWER
from storage.plans import Plan

HOME, CHOICES, SHOWN = "/console/calendar", 500, 200
REPEATS = {
    "once": mark("一次"), "daily": mark("每天"), "weekly": mark("每周"), "monthly": mark("每月"), "cron": mark("cron"),
    "after": mark("跟着某件事"),
}
WEEKDAYS = (
    ("1", mark("周一")), ("2", mark("周二")), ("3", mark("周三")), ("4", mark("周四")), ("5", mark("周五")),
    ("6", mark("周六")), ("0", mark("周日")),
)
ANCHORS = {
    plans.JOIN: mark("成员入群"), plans.GROUP: mark("群建立"), plans.DROP_OPENS: mark("团购开始"),
    plans.DROP_CLOSES: mark("团购截单"), plans.DROP_FORMS: mark("成团截止"),
}


def listing(visit: Visit) -> Response:
    """Every plan, also those that the calendar cannot show because they follow something."""
    state = visit.chosen("state", (plans.ACTIVE, plans.PAUSED, plans.CANCELLED))
    with visit.read() as session:
        found = plans.find(session, states=(state,) if state else (plans.ACTIVE, plans.PAUSED), limit=SHOWN)
        titles = posts.find_with_ids(session, [one.post_id for one in found])
    return visit.page("plans.html", plans=found, posts=titles, state=state, names=planned_words, shown=SHOWN)


def new(visit: Visit) -> Response:
    form = plan_forms.empty(day=visit.query("day", 10), post_id=visit.query("post", 18), time=visit.query("time", 5) or "20:00")
    copied = visit.query("copy", 18)
    if copied.isdecimal():
        with visit.read() as session:
            form = plan_forms.of_plan(plans.get(session, int(copied)))
        form.values["name"] = f"{str(form.values['name'])[:110]} (2)"
        return _form(visit, form)
    post_id = str(form.values["post_id"])
    if post_id.isdecimal():
        with visit.read() as session:
            form.values["name"] = posts.get(session, int(post_id)).title
    return _form(visit, form)


def edit(visit: Visit) -> Response:
    with visit.read() as session:
        form = plan_forms.of_plan(plans.get(session, visit.path("id")))
    return _form(visit, form, visit.path("id"))


def save(visit: Visit) -> Response:
    form, plan_id = plan_forms.read(visit.form), visit.request.path_params.get("id")
    try:
        with visit.desk.database.write() as session:
            post_id = str(form.values["post_id"])
            row = posts.find_with_ids(session, [int(post_id)] if post_id.isdecimal() and len(post_id) < 19 else [])
            if not row:
                raise BadPlan("post_id", "is missing")
            form.values["name"] = form.values["name"] or next(iter(row.values())).title
            plan = actions.save_plan(session, form.draft(_zone_of(visit, session, plan_id)), editor_of(visit), visit.now, plan_id)
            visit.record(session, "plan.save", f"plan:{plan.id}", name=plan.name, approval=plan.approval)
    except BadPlan as bad:
        form.errors[_shown_at(form, bad.where)] = planned_words.fault(visit, bad.why)
        return _form(visit, form, plan_id or 0, 422)
    told = visit.translate("已保存，等管理员批准。") if plan.approval == plans.WAITING else visit.translate("已保存。")
    day = plan.once_at.astimezone(visit.desk.zone).date().isoformat() if plan.once_at else ""
    return visit.go(f"{HOME}?day={day}" if day else f"{HOME}/plans/{plan.id}", told)


def _zone_of(visit: Visit, session: Session, plan_id: int | None) -> str:
    return plans.get(session, plan_id).time_zone if plan_id else visit.desk.settings.time_zone


def _shown_at(form: PlanForm, where: str) -> str:
    if where == "when":
        repeat = form.values["repeat"]
        return {"once": "day", "cron": "cron", "weekly": "weekdays", "monthly": "monthdays"}.get(repeat, "time")
    return plan_forms.SHOWN_AT.get(where, where)


def pause(visit: Visit) -> Response:
    return _change(visit, "plan.pause", desk.pause_plan, visit.translate("已暂停，继续之前什么也不发。"))


def cancel(visit: Visit) -> Response:
    return _change(visit, "plan.cancel", desk.cancel_plan, visit.translate("计划已取消；可以恢复。"))


def resume(visit: Visit) -> Response:
    return _change(visit, "plan.resume", desk.resume_plan, visit.translate("计划继续；错过的不补发。"))


def approve(visit: Visit) -> Response:
    act: Callable[..., Plan] = lambda session, plan_id, now: actions.approve(session, plan_id, editor_of(visit), now)  # noqa: E731
    return _change(visit, "plan.approve", act, visit.translate("已批准。"))


def refuse(visit: Visit) -> Response:
    act: Callable[..., Plan] = lambda session, plan_id, now: actions.refuse(session, plan_id, editor_of(visit), now)  # noqa: E731
    return _change(visit, "plan.refuse", act, visit.translate("没有批准，修改后会再请你看。"))


def _change(visit: Visit, action: str, act: Callable[..., Plan], told: str) -> Response:
    plan_id = visit.path("id")
    with visit.act(action, f"plan:{plan_id}") as session:
        act(session, plan_id, visit.now)
    return visit.go(visit.back(f"{HOME}/plans/{plan_id}"), told)


def approvals(visit: Visit) -> Response:
    with visit.read() as session:
        waiting = find_waiting(session)
    return visit.page("plans_approvals.html", waiting=waiting, names=planned_words, repeats=REPEATS)


def find_waiting(session: Session, limit: int = 50) -> list[tuple[Plan, posts.Post, list[dict[str, str]]]]:
    """Plans that wait for a yes, each with its post and what that says now."""
    found = plans.find(session, approval=plans.WAITING, limit=limit)
    rows = posts.find_with_ids(session, [one.post_id for one in found])
    return [
        (plan, rows[plan.post_id], posts.get_version(session, plan.post_id, rows[plan.post_id].version).part_list)
        for plan in found
    ]


def answer(visit: Visit) -> Response:
    """Decide about a post that is late."""
    row_id, is_yes = visit.path("id"), visit.form.get("say") == "yes"
    with visit.act("occurrence.answer", f"occurrence:{row_id}", say=is_yes) as session:
        if not desk.answer(session, row_id, is_yes, editor_of(visit), visit.now):
            raise NotFound
    return visit.go(visit.back(HOME), visit.translate("马上发出。") if is_yes else visit.translate("不发了。"))


def find_asked(session: Session, limit: int = 50) -> list[tuple[occurrences.Occurrence, str, str]]:
    """Late posts that wait for a decision, with their titles and groups."""
    rows = occurrences.find_by_state(session, (occurrences.ASKED,), limit)
    titles = posts.find_with_ids(session, [row.post_id for row in rows])
    names = groups.find_names(session, {row.group_id for row in rows})
    return [(row, titles[row.post_id].title, names.get(row.group_id, row.group_id)) for row in rows]


def _form(visit: Visit, form: PlanForm, plan_id: int = 0, status: int = 200) -> Response:
    with visit.read() as session:
        plan = plans.get(session, plan_id) if plan_id else None
        library = posts.find(session, limit=CHOICES)
        if plan is not None and all(one.id != plan.post_id for one in library):
            library = [posts.get(session, plan.post_id), *library]
        chosen = groups.find_newest(session, CHOICES)
        tags = sorted({tag for named in audiences.find_tags(session).values() for tag in named})
        rows = occurrences.find_of_plan(session, plan_id, 20) if plan_id else []
        names_of = groups.find_names(session, {row.group_id for row in rows})
        reached = len(audiences.find_groups(session, plan.audience_of, visit.now)) if plan else None
    return visit.page(
        "plans_edit.html", status, form=form, plan=plan, library=library, choices=chosen, tags=tags, rows=rows,
        group_names=names_of, reached=reached, anchors=ANCHORS, repeats=REPEATS, weekdays=WEEKDAYS, names=planned_words,
        zone=plan.time_zone if plan else visit.desk.settings.time_zone, why=lambda reason: planned_words.why(visit, reason),
    )


PAGES = (
    get("/calendar/plans", listing, VIEWER),
    get("/calendar/plans/new", new, MANAGER),
    post("/calendar/plans/new", save, MANAGER),
    get("/calendar/plans/{id:int}", edit, VIEWER),
    post("/calendar/plans/{id:int}", save, MANAGER),
    post("/calendar/plans/{id:int}/pause", pause, MANAGER),
    post("/calendar/plans/{id:int}/cancel", cancel, MANAGER),
    post("/calendar/plans/{id:int}/resume", resume, MANAGER),
    get("/calendar/approvals", approvals, ADMIN),
    post("/calendar/plans/{id:int}/approve", approve, ADMIN),
    post("/calendar/plans/{id:int}/refuse", refuse, ADMIN),
    post("/calendar/asked/{id:int}", answer, MANAGER),
)
