"""Handovers: who waits for a person, taking a conversation, answering in it, closing it or handing it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import clocks, orders_beside, speaking
from bot.console.conversations import Line, find_lines, seen_mark
from bot.console.faq_bench import ELSEWHERE, Bench, Found
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from storage import desk, groups, handovers, members, operators
from storage.handovers import CLOSED, OPEN, TAKEN, Handover
from storage.operators import ADMIN, MANAGER, VIEWER

QUEUE, RECENT, SUGGESTED = "/console/handovers", 20, 3
REASONS = {"asked": mark("要求人工"), "unanswered": mark("没答上来"), "complaint": mark("投诉")}
LONGEST_NOTE = 1000


class Refused(Exception):
    """What was asked for cannot be done any more; undoes the transaction."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A handover in the queue with the names an operator reads, and the nearest answer we did not dare to give."""

    row: Handover
    member: str
    group: str | None
    operator: str | None
    reason: str
    waited: timedelta
    nearest: str | None = None
    confidence: float | None = None
    ticking: Sequence[clocks.Ticking] = ()
    notes: int = 0


def queue(visit: Visit) -> Response:
    with visit.read() as session:
        waiting = _described(visit, session, handovers.find(session, (OPEN, TAKEN)), with_nearest=True)
        closed = _described(visit, session, handovers.find(session, (CLOSED,), RECENT))
        told, kept = clocks.find_told(visit, session), clocks.find_kept(visit, session)
        there = operators.find_on_duty(session)
    undo = visit.query("closed", 18)
    return visit.page(
        "handovers.html", waiting=[one for one in waiting if one.row.state == OPEN],
        taken=[one for one in waiting if one.row.state == TAKEN], closed=closed,
        told=told, kept=kept, there=there, is_on_duty=any(one.id == visit.operator.id for one in there),
        undo=next((one.row.id for one in closed if str(one.row.id) == undo), None),
    )


def conversation(visit: Visit) -> Response:
    return _conversation(visit)


def lines(visit: Visit) -> Response:
    """The conversation's lines for a page that asks every few seconds; nothing when it has them already."""
    with visit.read() as session:
        row = handovers.get(session, visit.path("id"))
        shown = find_lines(session, row.conversation, visit.desk.shop.bot_name)
    if visit.query("seen") == seen_mark(shown):
        return Response(status_code=204)
    return visit.page("handovers_lines.html", **_talk(row, shown))


def take(visit: Visit) -> Response:
    """The first operator has it; a later one is told who was faster."""
    handover_id = visit.path("id")
    try:
        with visit.act("handover.take", f"handover:{handover_id}") as session:
            row = handovers.get(session, handover_id)
            if not handovers.take(session, row.id, visit.operator.id, visit.now):
                raise Refused
    except Refused:
        return visit.go(f"{QUEUE}/{handover_id}", _why_not_taken(visit, handover_id), is_bad=True)
    return visit.go(f"{QUEUE}/{handover_id}")


def reply(visit: Visit) -> Response:
    with visit.read() as session:
        row = handovers.get(session, visit.path("id"))
    if row.state != TAKEN or row.operator_id != visit.operator.id:
        return _conversation(visit, fault=_why_not_taken(visit, row.id), status=409)
    place = speaking.Place(row.conversation, row.channel, row.group_id, row.member_id)
    if row.group_id and visit.form.get("privately") == "true":
        place = speaking.alone_with(row.channel, row.member_id)
    fault = speaking.say(
        visit, place, mention=row.member_id if place.group_id else None, handover_id=row.id,
    )
    if fault:
        return _conversation(visit, fault=fault, status=422)
    with visit.desk.database.write() as session:
        desk.keep_draft(session, row.id, visit.operator.id, "", visit.now)
    return visit.go(f"{QUEUE}/{row.id}#answer")


def close(visit: Visit) -> Response:
    handover_id = visit.path("id")
    try:
        with visit.act("handover.close", f"handover:{handover_id}") as session:
            _check_holder(visit, handovers.get(session, handover_id))
            if not handovers.close(session, handover_id, visit.now):
                raise Refused
            clocks.stop_all(session, visit, handover_id)
    except Refused:
        return visit.go(f"{QUEUE}/{handover_id}", _why_not_taken(visit, handover_id), is_bad=True)
    return visit.go(f"{QUEUE}?closed={handover_id}")


def reopen(visit: Visit) -> Response:
    handover_id = visit.path("id")
    try:
        with visit.act("handover.reopen", f"handover:{handover_id}") as session:
            if not handovers.reopen(session, handover_id):
                raise Refused
            clocks.start_again(session, visit, handover_id)
    except Refused:
        return visit.go(QUEUE, visit.translate("不能重新打开：这位成员已经有新的转人工。"), is_bad=True)
    return visit.go(f"{QUEUE}/{handover_id}")


def hand_back(visit: Visit) -> Response:
    """Into the queue again: by who has it, or by an admin for somebody who is away."""
    handover_id = visit.path("id")
    try:
        with visit.act("handover.hand_back", f"handover:{handover_id}") as session:
            _check_holder(visit, handovers.get(session, handover_id))
            if not handovers.hand_back(session, handover_id):
                raise Refused
    except Refused:
        return visit.go(f"{QUEUE}/{handover_id}", _why_not_taken(visit, handover_id), is_bad=True)
    return visit.go(QUEUE, visit.translate("已放回队列。"))


def add_note(visit: Visit) -> Response:
    """For the other operators; the member never reads it."""
    handover_id, text = visit.path("id"), str(visit.form.get("note", "")).replace("\0", "").strip()
    if not text or len(text) > LONGEST_NOTE:
        return visit.go(f"{QUEUE}/{handover_id}", visit.translate("备注要写 1 到 1000 个字。"), is_bad=True)
    with visit.act("handover.note", f"handover:{handover_id}") as session:
        row = handovers.get(session, handover_id)
        desk.add_note(session, row.id, visit.operator.id, text, visit.now)
    return visit.go(f"{QUEUE}/{handover_id}#notes")


def keep_draft(visit: Visit) -> Response:
    """What is written so far, for coming back to it; htmx sends it by itself."""
    text = str(visit.form.get("text", "")).replace("\0", "").strip()[: speaking.LONGEST * 2]
    with visit.desk.database.write() as session:
        row = handovers.get(session, visit.path("id"))
        desk.keep_draft(session, row.id, visit.operator.id, text, visit.now)
    if visit.is_partial:
        return Response(status_code=204)
    return visit.go(f"{QUEUE}/{row.id}#answer", visit.translate("草稿已存。"))


def _check_holder(visit: Visit, row: Handover) -> None:
    if row.state == TAKEN and row.operator_id != visit.operator.id and not visit.may(ADMIN):
        raise Refused


def _why_not_taken(visit: Visit, handover_id: int) -> str:
    with visit.read() as session:
        row = handovers.get(session, handover_id)
        names = operators.find_names(session, [row.operator_id] if row.operator_id else [])
    if row.state == CLOSED:
        return visit.translate("这个会话已经结束。")
    if row.state == TAKEN and row.operator_id is not None:
        return visit.translate("%(name)s 正在处理这个会话。", name=names.get(row.operator_id, "–"))
    return visit.translate("这个会话还没有人接手，请先接手。")


def _conversation(visit: Visit, *, fault: str = "", status: int = 200) -> Response:
    with visit.read() as session:
        row = handovers.get(session, visit.path("id"))
        waiting = _described(visit, session, [row])[0]
        shown = find_lines(session, row.conversation, visit.desk.shop.bot_name)
        nearest = _nearest(visit, session, row.question) if row.state != CLOSED else []
        notes, canned = desk.find_notes(session, row.id), desk.find_canned(session)
        names = operators.find_names(session, {note.operator_id for note in notes})
        kept = desk.find_draft(session, row.id, visit.operator.id)
        beside = orders_beside.find(session, row.member_id)
    mine = row.state == TAKEN and row.operator_id == visit.operator.id
    draft = str(visit.form.get("text", "")) or _draft(visit, nearest, canned) or kept
    said = [line.text for line in shown if line.operator == visit.operator.name]
    return visit.page(
        "handover.html", status, handover=waiting, is_mine=mine, nearest=nearest, draft=draft, fault=fault,
        nonce=speaking.fresh_nonce(), longest=speaking.LONGEST, last_said=said[-1] if said else "",
        canned=canned, notes=[(names.get(note.operator_id, "–"), note) for note in notes],
        **_talk(row, shown), **beside,
    )


def _talk(row: Handover, shown: Sequence[Line]) -> dict[str, Any]:
    return {"talk": shown, "talk_url": f"{QUEUE}/{row.id}/lines?seen={seen_mark(shown)}", "asker": row.member_id}


def _draft(visit: Visit, nearest: Sequence[Found], canned: Sequence[desk.CannedReply]) -> str:
    """The words of the suggestion or canned reply an operator picked, to be looked over before they are sent."""
    picked = visit.query("draft")
    for reply in canned:
        if picked == f"canned:{reply.id}":
            return reply.text
    return next((found.answer for found in nearest if found.passage_id == picked and found.answer), "")


def _nearest(visit: Visit, session: Session, question: str) -> list[Found]:
    """Answers that may fit; none for «a person, please», which is no question to be answered."""
    verdict = Bench.of(session, visit.desk).judge(question, True)
    if verdict.decision == ELSEWHERE:
        return []
    return [found for found in verdict.found if found.answer][:SUGGESTED]


def _described(
    visit: Visit, session: Session, rows: Sequence[Handover], *, with_nearest: bool = False
) -> list[Waiting]:
    people = members.find_names(session, {row.member_id for row in rows})
    places = {group.id: group.name for group in groups.find_all(session)}
    holders = operators.find_names(session, {row.operator_id for row in rows if row.operator_id})
    bench = Bench.of(session, visit.desk)
    running = clocks.find_ticking(visit, session, [row.id for row in rows if row.state != CLOSED])
    notes = desk.count_notes(session, [row.id for row in rows])
    described = []
    for row in rows:
        nearest = bench.nearest(row.question, 1) if with_nearest and row.reason == "unanswered" else []
        described.append(
            Waiting(
                row, people.get(row.member_id) or row.member_id, places.get(row.group_id or ""),
                holders.get(row.operator_id or 0), visit.translate(REASONS.get(row.reason, row.reason)),
                (row.closed_at or visit.now) - row.opened_at,
                bench.title_of(nearest[0].passage_id) if nearest else None,
                nearest[0].confidence if nearest else None, running.get(row.id, ()), notes.get(row.id, 0),
            )
        )
    return described


PAGES = (
    get("/handovers", queue, VIEWER),
    get("/handovers/{id:int}", conversation, VIEWER),
    get("/handovers/{id:int}/lines", lines, VIEWER),
    post("/handovers/{id:int}/take", take, MANAGER),
    post("/handovers/{id:int}/reply", reply, MANAGER),
    post("/handovers/{id:int}/note", add_note, MANAGER),
    post("/handovers/{id:int}/draft", keep_draft, MANAGER),
    post("/handovers/{id:int}/close", close, MANAGER),
    post("/handovers/{id:int}/reopen", reopen, MANAGER),
    post("/handovers/{id:int}/hand-back", hand_back, MANAGER),
)
