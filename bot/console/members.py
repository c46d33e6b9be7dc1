"""Members: finding one, what they did in every group, a note about them, and where they speak for the shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import orders_beside
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from storage import groups, handovers, inbox, members, outbox, places
from storage.inbox import Interaction
from storage.members import Member
from storage.operators import MANAGER, VIEWER

LIST, A_PAGE, LONGEST_NOTE = "/console/members", 50, 400
KINDS = {
    "MessageReceived": mark("发言"), "MemberJoined": mark("入群"), "MemberLeft": mark("退群"),
    "QuestionUnanswered": mark("没答上来"), "OperatorSpoke": mark("运营发言"), "TopicChanged": mark("改群主题"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A member in the list with the groups they are in now."""

    row: Member
    groups: Sequence[str]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing a member did, where, and what we said to it."""

    row: Interaction
    kind: str
    group: str | None
    replies: Sequence[str]


def directory(visit: Visit) -> Response:
    words = visit.query("q", 80)
    with visit.read() as session:
        found = members.search(session, words, after=visit.query("after", 120) or None, limit=A_PAGE + 1)
        names = places.find_group_names_of(session, [row.id for row in found])
        total = members.count(session)
    return visit.page(
        "members.html", members=[Found(row, names.get(row.id, [])) for row in found[:A_PAGE]], words=words,
        total=total, next_after=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
    )


def member(visit: Visit) -> Response:
    return _member(visit)


def save_note(visit: Visit) -> Response:
    note = str(visit.form.get("note", "")).replace("\r\n", "\n").replace("\0", "").strip()
    member_id = visit.path("id")
    if len(note) > LONGEST_NOTE:
        return _member(visit, note=note, fault=visit.translate("最多 %(length)s 个字。", length=LONGEST_NOTE), status=422)
    with visit.act("member.note", f"member:{member_id}", note=note) as session:
        members.get(session, member_id).note = note
    return visit.go(f"{LIST}/{member_id}", visit.translate("已保存。"))


def _member(visit: Visit, *, note: str | None = None, fault: str = "", status: int = 200) -> Response:
    before = visit.query("before", 18)
    with visit.read() as session:
        row = members.get(session, visit.path("id"))
        timeline = _timeline(visit, session, row.id, int(before) if before.isascii() and before.isdecimal() else None)
        memberships = groups.find_memberships_of(session, row.id)
        inviters = members.find_names(session, {one.inviter_id for one in memberships if one.inviter_id})
        asked = handovers.find_of_member(session, row.id)
        beside = orders_beside.find(session, row.id)
    return visit.page(
        "member.html", status, member=row, timeline=timeline[:A_PAGE],
        next_before=timeline[A_PAGE - 1].row.id if len(timeline) > A_PAGE else None, memberships=memberships,
        inviters=inviters, handovers=asked, note=row.note if note is None else note, fault=fault,
        longest=LONGEST_NOTE, **beside,
    )


def _timeline(visit: Visit, session: Session, member_id: str, before_id: int | None) -> list[Moment]:
    """One more than a page, newest first."""
    rows = inbox.find_of_member(session, member_id, before_id=before_id, limit=A_PAGE + 1)
    said = outbox.find_of_causes(session, [row.id for row in rows])
    names = {row.id: row.name for row in groups.find_all(session)}
    return [
        Moment(
            row, visit.translate(KINDS.get(row.kind, row.kind)), names.get(row.group_id or ""),
            [reply.text for reply in said.get(row.id, [])],
        )
        for row in rows
    ]


PAGES = (
    get("/members", directory, VIEWER),
    get("/members/{id:path}", member, VIEWER),
    post("/members/{id:path}/note", save_note, MANAGER),
)
