"""Trials of variants at the desk: set up with the outcome chosen beforehand, looked at whenever one likes, adopted or dropped."""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import Response

from bot.console import planned_words
from bot.console.forms import Form
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.posts import editor_of
from bot.console.visit import Visit
from content.experiments import MOST_VARIANTS, Verdict
from handlers.posts import trying
from handlers.posts.drafts import BadPlan
from storage import audiences, plans, posts, variants
from storage.operators import MANAGER, VIEWER

LIST, SHOWN, CHOICES = "/console/posts/trials", 50, 300
OUTCOMES = {
    "replies": mark("回复的人（2 小时内）"), "orders": mark("下单的人（24 小时内）"), "leaves": mark("退群的人（24 小时内，越少越好）"),
}
STATES = {
    variants.RUNNING: (mark("试着"), "blue"), variants.PROPOSED: (mark("有结果了"), "green"), variants.ENDED: (mark("结束了"), ""),
}


def listing(visit: Visit) -> Response:
    with visit.read() as session:
        found = variants.find(session, SHOWN)
        names = {one.plan_id: plans.get(session, one.plan_id).name for one in found}
        counts = {one.id: len(variants.find_variants(session, one.id)) for one in found}
    return visit.page("trials.html", trials=found, plan_names=names, counts=counts, outcomes=OUTCOMES, states=STATES)


def new(visit: Visit) -> Response:
    return _setup(visit, Form(values={"plan": visit.query("plan", 18), "outcome": "replies"}))


def _setup(visit: Visit, form: Form[Any], status: int = 200) -> Response:
    chosen = str(form.values.get("plan", ""))
    with visit.read() as session:
        can = [
            one for one in plans.find(session, states=(plans.ACTIVE,), limit=CHOICES)
            if one.when_kind == plans.CRON and not one.is_trial and variants.find_alive(session, one.id) is None
        ]
        plan = next((one for one in can if str(one.id) == chosen), None)
        tried = posts.get(session, plan.post_id) if plan else None
        others = [one for one in posts.find(session, kind=tried.kind, limit=CHOICES) if one.id != tried.id] if tried else []
        reached = len(audiences.find_groups(session, plan.audience_of, visit.now)) if plan else 0
    return visit.page(
        "trials_new.html", status, form=form, can=can, plan=plan, tried=tried, others=others, reached=reached, outcomes=OUTCOMES,
        most=MOST_VARIANTS - 1, names=planned_words,
    )


def start(visit: Visit) -> Response:
    plan, outcome = str(visit.form.get("plan", "")), str(visit.form.get("outcome", ""))
    others = [int(one) for one in visit.form.getlist("others") if isinstance(one, str) and one.isdecimal() and len(one) < 19]
    form: Form[Any] = Form(values={"plan": plan, "outcome": outcome, "others": others})
    if not plan.isdecimal() or len(plan) > 18:
        form.refuse("plan", visit.translate("请选一个计划"))
        return _setup(visit, form, 422)
    try:
        with visit.act("trial.start", f"plan:{plan}", outcome=outcome, others=others) as session:
            trial = trying.start(session, int(plan), others, outcome, editor_of(visit), visit.now)
    except BadPlan as bad:
        form.refuse("others" if bad.where == "variants" else bad.where, planned_words.fault(visit, bad.why))
        return _setup(visit, form, 422)
    return visit.go(f"{LIST}/{trial.id}", visit.translate("开始了：下一次起，每个群由抽签决定读到哪一种。"))


def one(visit: Visit) -> Response:
    """A trial as it stands, which may be looked at as often as one likes."""
    with visit.read() as session:
        results = trying.results(session, visit.path("id"))
        plan = plans.get(session, results.trial.plan_id)
        titles = posts.find_with_ids(session, [score.post_id for score in results.scores])
    return visit.page(
        "trials_one.html", trial=results.trial, results=results, plan=plan, titles=titles, outcomes=OUTCOMES, states=STATES,
        proofs=_proofs(results.verdict, len(results.scores)),
    )


def _proofs(verdict: Verdict, count: int) -> list[int]:
    """How far each variant is from being the winner, in percent: its weakest comparison on the scale of the evidence."""
    found = []
    for number in range(count):
        weakest = min(verdict.evidence[number, other] for other in range(count) if other != number)
        share = math.log(max(1.0, weakest)) / math.log(verdict.needed)
        found.append(100 if verdict.winner == number else min(99, int(100 * share)))
    return found


def end(visit: Visit) -> Response:
    """Adopt the winner that was proposed, or drop the trial; no other winner is to be had."""
    trial_id, wants = visit.path("id"), visit.form.get("do") == "adopt"
    with visit.read() as session:
        trial = variants.get(session, trial_id)
    if wants and (trial.state != variants.PROPOSED or trial.winner is None):
        return visit.go(f"{LIST}/{trial_id}", visit.translate("还没有赢家，不能采用。"), is_bad=True)
    try:
        with visit.act("trial.adopt" if wants else "trial.drop", f"trial:{trial_id}", winner=trial.winner) as session:
            trying.end(session, trial_id, trial.winner if wants else None, editor_of(visit), visit.now)
    except BadPlan as bad:
        return visit.go(f"{LIST}/{trial_id}", planned_words.fault(visit, bad.why), is_bad=True)
    told = visit.translate("以后都发赢的那一种。") if wants else visit.translate("试验结束，计划照旧。")
    return visit.go(f"{LIST}/{trial_id}", told)


PAGES = (
    get("/posts/trials", listing, VIEWER),
    get("/posts/trials/new", new, MANAGER),
    post("/posts/trials/new", start, MANAGER),
    get("/posts/trials/{id:int}", one, VIEWER),
    post("/posts/trials/{id:int}/end", end, MANAGER),
)
