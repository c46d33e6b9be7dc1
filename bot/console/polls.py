"""Polls at the desk: those of all groups, how one goes while it is open, asking one and ending one."""

from __future__ import annotations

from concurrent.futures import TimeoutError as TooSlow
from typing import Any

from starlette.responses import Response

from bot.console.forms import Form
from bot.console.pages import get, post
from bot.console.speaking import NONCE, fresh_nonce
from bot.console.visit import NotFound, Visit
from bot.dispatch import NotKept, Overloaded
from bot.event import Event
from bot.events import PollAsked, PollClosingDue
from content import polls as words
from storage import groups, polls
from storage.groups import SPEAK_OFF
from storage.operators import MANAGER, VIEWER

LIST, SHOWN, CHOICES = "/console/posts/polls", 60, 500
FIELDS = ("group", "question", "choices", "right", "hours")


def listing(visit: Visit) -> Response:
    return _page(visit, {})


def _page(visit: Visit, typed: dict[str, str], status: int = 200, fault: str = "") -> Response:
    group_id = visit.query("group", 120)
    with visit.read() as session:
        found = polls.find(session, group_id=group_id, limit=SHOWN)
        counts = {one.id: polls.count_votes(session, one) for one in found}
        names = groups.find_names(session, {one.group_id for one in found})
        choices = groups.find_newest(session, CHOICES)
    form: Form[Any] = Form(values={"hours": "24", "group": group_id} | typed, errors={"": fault} if fault else {})
    return visit.page(
        "polls.html", status, polls=found, counts=counts, group_names=names, choices=choices, group=group_id, form=form,
        nonce=fresh_nonce(),
    )


def one(visit: Visit) -> Response:
    """One poll: how it goes; htmx asks again while it is open."""
    with visit.read() as session:
        poll = polls.get(session, visit.path("id"))
        counts = polls.count_votes(session, poll)
        names = groups.find_names(session, {poll.group_id})
    return visit.page("polls_one.html", poll=poll, counts=counts, total=sum(counts), group_names=names)


def ask(visit: Visit) -> Response:
    """Put a question to a group now; the one that is open there ends."""
    typed = {name: str(visit.form.get(name, "")).replace("\0", "").strip()[:1000] for name in FIELDS}
    nonce = str(visit.form.get("nonce", ""))
    try:
        poll = words.read(typed["question"], typed["choices"], typed["right"], typed["hours"])
    except words.BadPoll:
        fault = visit.translate("选项 2 到 6 个，各不相同，一行一个，最多 40 字；答案写选项的数字；最长 168 小时。")
        return _page(visit, typed, 422, fault)
    with visit.read() as session:
        group = groups.find(session, typed["group"][:120])
    if group is None or not NONCE.fullmatch(nonce):
        raise NotFound
    if group.speaks == SPEAK_OFF or group.closed_at is not None:
        return _page(visit, typed, 422, visit.translate("这个群只听不说，或者已经关闭。"))
    event = PollAsked(
        key=f"poll:desk:{nonce}", lane=group.id, occurred_at=visit.now, channel=group.channel, conversation=group.id,
        group_id=group.id, question=poll.question, choices=poll.choices, right=poll.right or 0, hours=poll.hours,
        source=f"operator {visit.operator.id}",
    )
    with visit.act("poll.ask", f"group:{group.id}", question=poll.question):
        pass
    return _tell(visit, event, LIST, visit.translate("已在群里发起投票。"))


def close(visit: Visit) -> Response:
    """End it now: the group reads the result."""
    with visit.read() as session:
        poll = polls.get(session, visit.path("id"))
    event = PollClosingDue(
        key=f"poll-closing:desk:{poll.id}", lane=poll.group_id, occurred_at=visit.now, channel=poll.channel,
        conversation=poll.group_id, group_id=poll.group_id, poll_id=poll.id,
    )
    with visit.act("poll.close", f"poll:{poll.id}"):
        pass
    return _tell(visit, event, f"{LIST}/{poll.id}", visit.translate("投票结束了，结果会发到群里。"))


def _tell(visit: Visit, event: Event, place: str, told: str) -> Response:
    try:
        visit.desk.tell(event)
    except (Overloaded, NotKept, TooSlow):
        return visit.go(place, visit.translate("现在太忙，没有发出去，请稍后再试。"), is_bad=True)
    return visit.go(place, told)


PAGES = (
    get("/posts/polls", listing, VIEWER),
    post("/posts/polls/ask", ask, MANAGER),
    get("/posts/polls/{id:int}", one, VIEWER),
    post("/posts/polls/{id:int}/close", close, MANAGER),
)
