"""Today: what is stuck, due or waits for a person, and how the last fourteen days went."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import clocks, forms, names, planned_words, plans
from bot.console.pages import get, post
from bot.console.visit import Visit
from storage import groups, handovers, inbox, jobs, members, model, outbox, payments, reconciling, suspicions, wecom
from storage.operators import ADMIN, MANAGER, VIEWER

FEW_TOLD = 5  # alerts; the queue shows them all
SHOWN = 20  # of each kind; the rest is a click away
STUCK_AFTER = timedelta(minutes=2)
ASK_A_PERSON = (outbox.UNKNOWN, outbox.FAILED, outbox.HELD)


class Late(Exception):
    """Somebody else was faster, or it settled by itself."""


@dataclass(frozen=True, slots=True)
class ModelToday:
    """What the language model took today, beside the day's limits; `cost_fen` where prices are set."""

    calls: int
    tokens: int
    most_tokens: int
    cost_fen: int | None
    most_fen: int


class DiscardForm(BaseModel):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


def today(visit: Visit) -> Response:
    now = visit.now
    with visit.read() as session:
        told = clocks.find_told(visit, session) if visit.may(MANAGER) else []
        waiting = handovers.find(session, (handovers.OPEN, handovers.TAKEN), SHOWN)
        troubled = inbox.find_troubled(session, SHOWN + 1)
        sayings = outbox.find_by_state(session, ASK_A_PERSON, SHOWN + 1)
        resting = jobs.find_resting(session, SHOWN + 1)
        reminded = wecom.find_asked(session, [one.id for one in sayings])
        stuck = outbox.count_stuck(session, now - STUCK_AFTER)
        unproved = [(one, json.loads(one.problems)) for one in reconciling.find_troubled(session)]
        dead_refunds = payments.find_owed(session, (payments.DEAD,), SHOWN)
        suspected = suspicions.count_open(session) if visit.may(MANAGER) else 0
        people = members.find_names(session, {one.member_id for one in waiting})
        asked = plans.find_asked(session, SHOWN) if visit.may(MANAGER) else []
        unapproved = plans.find_waiting(session, SHOWN) if visit.may(ADMIN) else []
        places = [one.group_id for one in waiting] + [one.group_id for one in troubled]
        places += [one.group_id for one in sayings]
        group_names = groups.find_names(session, {place for place in places if place})
    is_quiet = not (told or asked or unapproved or waiting or troubled or sayings or resting or stuck or unproved or dead_refunds or suspected)
    return visit.page(
        "today.html",
        told=told[:FEW_TOLD],
        told_count=len(told),
        waiting=waiting,
        asked=asked,
        unapproved=unapproved,
        names_of_kinds=planned_words.KINDS,
        troubled=troubled,
        sayings=sayings,
        reminded=reminded,
        resting=resting,
        stuck=stuck,
        unproved=unproved, dead_refunds=dead_refunds, suspected=suspected,
        people=people,
        group_names=group_names,
        is_quiet=is_quiet,
        names=names,
        shown=SHOWN,
        form=forms.blank(),
    )


def show_figures(visit: Visit) -> Response:
    return visit.page("today_figures.html", days=visit.desk.fortnight.find(visit.now), model=_model_today(visit))


def _model_today(visit: Visit) -> ModelToday | None:
    """None where no language model is set."""
    settings = visit.desk.settings
    if not settings.has_model:
        return None
    day = visit.now.astimezone(visit.desk.zone).date().isoformat()
    with visit.read() as session:
        use = model.find_use(session, day)
    is_priced = bool(settings.model_input_fen or settings.model_output_fen)
    return ModelToday(
        use.calls if use else 0, use.tokens if use else 0, settings.model_daily_tokens,
        (use.cost_micro_fen // 1_000_000 if use else 0) if is_priced else None, settings.model_daily_fen,
    )


def retry_interaction(visit: Visit) -> Response:
    row_id, now = visit.path("id"), visit.now
    return _settle(
        visit,
        "interaction.retry",
        f"interaction:{row_id}",
        lambda session: inbox.wake(session, row_id, now),
        visit.translate("马上再试一次"),
    )


def retry_interactions(visit: Visit) -> Response:
    with visit.act("interaction.retry_all", "interactions") as session:
        count = inbox.wake_resting(session, visit.now)
    return visit.go("/console/today", visit.translate("%(count)s 条马上再试一次", count=count))


def retry_job(visit: Visit) -> Response:
    row_id, now = visit.path("id"), visit.now
    return _settle(
        visit,
        "job.retry",
        f"job:{row_id}",
        lambda session: jobs.wake(session, row_id, now),
        visit.translate("马上再试一次"),
    )


def send_again(visit: Visit) -> Response:
    return _queue(visit, "outbox.send_again", (outbox.UNKNOWN, outbox.FAILED), visit.translate("已排队再发"))


def confirm(visit: Visit) -> Response:
    return _queue(visit, "outbox.confirm", (outbox.HELD,), visit.translate("已确认，马上发送"))


def remind(visit: Visit) -> Response:
    """Once more to the channel: what a staff member was asked to send already, they are reminded of."""
    done = visit.translate("已转给企业微信。同一条一天最多提醒三次，两次至少隔十分钟。")
    return _queue(visit, "outbox.remind", (outbox.HELD,), done)


def mark_sent(visit: Visit) -> Response:
    row_id, now = visit.path("id"), visit.now

    def work(session: Session) -> bool:
        is_ours = outbox.take_back(session, row_id, (outbox.UNKNOWN, outbox.FAILED))
        if is_ours:
            outbox.mark_sent(session, [(row_id, None)], now)
        return is_ours

    return _settle(visit, "outbox.mark_sent", f"outbox:{row_id}", work, visit.translate("已记为发出"))


def discard(visit: Visit) -> Response:
    row_id, form = visit.path("id"), forms.read(visit, DiscardForm)
    if form.data is None:
        return visit.go(visit.back(), visit.translate("请写明为什么不发"), is_bad=True)
    reason = form.data.reason

    def work(session: Session) -> bool:
        is_ours = outbox.take_back(session, row_id, ASK_A_PERSON)
        if is_ours:
            outbox.mark(
                session, row_id, state=outbox.SUPPRESSED, reason=f"{visit.operator.name}: {reason}"[:300]
            )
        return is_ours

    done = visit.translate("已作废，不会发送")
    return _settle(visit, "outbox.discard", f"outbox:{row_id}", work, done, reason=reason)


def _queue(visit: Visit, action: str, states: Sequence[str], done: str) -> Response:
    """Let the sender say a row after all, as if it had just been written."""
    row_id, now = visit.path("id"), visit.now

    def work(session: Session) -> bool:
        is_ours = outbox.take_back(session, row_id, states)
        if is_ours:
            outbox.mark(session, row_id, state=outbox.QUEUED, tries=0, due_at=now, confirmed_at=now)
        return is_ours

    return _settle(visit, action, f"outbox:{row_id}", work, done)


def _settle(
    visit: Visit, action: str, subject: str, work: Callable[[Session], bool], done: str, **detail: str
) -> Response:
    """Act on one row, with its audit entry; nothing is kept when the row has moved on meanwhile."""
    try:
        with visit.act(action, subject, **detail) as session:
            if not work(session):
                raise Late
    except Late:
        return visit.go(visit.back(), visit.translate("这一条已经有人处理过了"), is_bad=True)
    return visit.go(visit.back(), done)


PAGES = (
    get("/today", today, VIEWER),
    get("/today/figures", show_figures, VIEWER),
    post("/today/interactions/retry", retry_interactions, MANAGER),
    post("/today/interactions/{id:int}/retry", retry_interaction, MANAGER),
    post("/today/jobs/{id:int}/retry", retry_job, MANAGER),
    post("/today/sayings/{id:int}/send-again", send_again, MANAGER),
    post("/today/sayings/{id:int}/confirm", confirm, MANAGER),
    post("/today/sayings/{id:int}/remind", remind, MANAGER),
    post("/today/sayings/{id:int}/mark-sent", mark_sent, MANAGER),
    post("/today/sayings/{id:int}/discard", discard, MANAGER),
)
