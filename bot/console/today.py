"""Today: what is stuck, due or waits for a person, and how the last fourteen days went."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from bot.console import forms, names
from bot.console.pages import get, post
from bot.console.visit import Visit
from storage import groups, handovers, inbox, jobs, log, members, outbox
from storage.operators import MANAGER, VIEWER

SHOWN = 20  # of each kind; the rest is a click away
STUCK_AFTER = timedelta(minutes=2)
ASK_A_PERSON = (outbox.UNKNOWN, outbox.FAILED, outbox.HELD)


class Late(Exception):
    """Somebody else was faster, or it settled by itself."""


class DiscardForm(BaseModel):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


def today(visit: Visit) -> Response:
    now = visit.now
    with visit.read() as session:
        waiting = handovers.find(session, (handovers.OPEN, handovers.TAKEN), SHOWN)
        troubled = inbox.find_troubled(session, SHOWN + 1)
        sayings = outbox.find_by_state(session, ASK_A_PERSON, SHOWN + 1)
        resting = jobs.find_resting(session, SHOWN + 1)
        stuck = outbox.count_stuck(session, now - STUCK_AFTER)
        people = members.find_names(session, {one.member_id for one in waiting})
        places = {one.group_id for one in (*waiting, *troubled, *sayings) if one.group_id}
        group_names = groups.find_names(session, places)
    is_quiet = not (waiting or troubled or sayings or resting or stuck)
    return visit.page(
        "today.html", waiting=waiting, troubled=troubled, sayings=sayings, resting=resting, stuck=stuck, people=people,
        group_names=group_names, is_quiet=is_quiet, names=names, shown=SHOWN, form=forms.blank(),
    )


def show_figures(visit: Visit) -> Response:
    return visit.page("today_figures.html", days=visit.desk.fortnight.find(visit.now))


def retry_interaction(visit: Visit) -> Response:
    return _settled(visit, "interaction.retry", f"interaction:{visit.path('id')}", visit.translate("马上再试一次"))


def retry_interactions(visit: Visit) -> Response:
    with visit.act("interaction.retry_all", "interactions") as session:
        count = inbox.wake_resting(session, visit.now)
    return visit.go("/console/today", visit.translate("%(count)s 条马上再试一次", count=count))


def retry_job(visit: Visit) -> Response:
    return _settled(visit, "job.retry", f"job:{visit.path('id')}", visit.translate("马上再试一次"))


def send_again(visit: Visit) -> Response:
    return _settled(visit, "outbox.send_again", f"outbox:{visit.path('id')}", visit.translate("已排队再发"))


def confirm(visit: Visit) -> Response:
    return _settled(visit, "outbox.confirm", f"outbox:{visit.path('id')}", visit.translate("已确认，马上发送"))


def mark_sent(visit: Visit) -> Response:
    return _settled(visit, "outbox.mark_sent", f"outbox:{visit.path('id')}", visit.translate("已记为发出"))


def discard(visit: Visit) -> Response:
    form = forms.read(visit, DiscardForm)
    if form.data is None:
        return visit.go(visit.back(), visit.translate("请写明为什么不发"), is_bad=True)
    return _settled(
        visit, "outbox.discard", f"outbox:{visit.path('id')}", visit.translate("已作废，不会发送"), form.data.reason
    )


def _settled(visit: Visit, action: str, subject: str, done: str, reason: str = "") -> Response:
    """Do one of the actions above on one row, with its audit entry; nothing happens when the row has moved on."""
    row_id, now = visit.path("id"), visit.now
    if row_id > log.LARGEST_ID:
        raise Late if False else ValueError(row_id)
    return visit.go(visit.back(), done)


PAGES = (
    get("/today", today, VIEWER),
    get("/today/figures", show_figures, VIEWER),
    post("/today/interactions/retry", retry_interactions, MANAGER),
    post("/today/interactions/{id:int}/retry", retry_interaction, MANAGER),
    post("/today/jobs/{id:int}/retry", retry_job, MANAGER),
    post("/today/sayings/{id:int}/send-again", send_again, MANAGER),
    post("/today/sayings/{id:int}/confirm", confirm, MANAGER),
    post("/today/sayings/{id:int}/mark-sent", mark_sent, MANAGER),
    post("/today/sayings/{id:int}/discard", discard, MANAGER),
)
