"""Groups: how lively they are, their settings and join link, who is there, and speaking in them as an operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import speaking
from bot.console.conversations import find_lines, seen_mark
from bot.console.forms import Form, blank, read
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from content import codes
from storage import groups, inbox
from storage.groups import SPEAK_CONFIDENT, Group
from storage.operators import MANAGER, VIEWER

LIST, WEEK, MEMBERS_SHOWN = "/console/groups", timedelta(days=7), 200
SPEAKS = {
    "off": mark("只听不说"), "mention": mark("只在被@时回答"), "confident": mark("有把握就回答"),
}
LANGUAGES = {"zh": "中文", "en": "English"}

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z0-9][a-z0-9-]{1,38}$")]


class NewGroup(BaseModel):
    """A web group about to be made."""

    name: Name
    code: Code


class GroupForm(BaseModel):
    """A group's settings."""

    name: Name
    topic: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] = ""
    language: Literal["zh", "en"]
    speaks: Literal["off", "mention", "confident"]
    is_welcoming: bool = False


@dataclass(frozen=True, slots=True)
class Lively:
    """A group in the list with its numbers of the last seven days."""

    row: Group
    members: int
    staff: int
    messages: int
    asked: int
    answered: int

    @property
    def answered_share(self) -> float | None:
        return self.answered / self.asked if self.asked else None


def overview(visit: Visit) -> Response:
    with visit.read() as session:
        present, staff = groups.count_members(session), groups.count_staff(session)
        week = inbox.count_by_group(session, visit.now - WEEK)
        shown = [
            Lively(row, present.get(row.id, 0), staff.get(row.id, 0), *week.get(row.id, (0, 0, 0)))
            for row in groups.find_all(session)
        ]
    return visit.page("groups.html", groups=shown, speaks=SPEAKS)


def new(visit: Visit) -> Response:
    return visit.page("groups_new.html", form=blank(name="", code=""), base=_join_url(visit, ""))


def create(visit: Visit) -> Response:
    form = read(visit, NewGroup)
    if form.data is not None:
        try:
            return _create(visit, form.data)
        except Taken:
            form.refuse("code", visit.translate("这个代号已经用了，换一个。"))
    return visit.page("groups_new.html", 422, form=form, base=_join_url(visit, ""))


class Taken(Exception):
    """Another group has this code; undoes the transaction."""


def _create(visit: Visit, wanted: NewGroup) -> Response:
    group_id = f"web:{wanted.code}"
    with visit.act("group.create", f"group:{group_id}", name=wanted.name) as session:
        if groups.is_code_taken(session, wanted.code):
            raise Taken
        session.add(
            Group(
                id=group_id, channel="web", code=wanted.code, name=wanted.name, topic="",
                language=visit.desk.shop.language, speaks=SPEAK_CONFIDENT, is_welcoming=True, created_at=visit.now,
            )
        )
    return visit.go(f"{LIST}/{group_id}", visit.translate("群建好了，把链接或二维码发给成员就能加入。"))


def group(visit: Visit) -> Response:
    return _group(visit)


def save(visit: Visit) -> Response:
    form = read(visit, GroupForm)
    wanted = form.data
    if wanted is None:
        return _group(visit, form=form, status=422)
    group_id = visit.path("id")
    with visit.act("group.save", f"group:{group_id}", **wanted.model_dump()) as session:
        row = groups.get(session, group_id)
        row.name, row.topic, row.language = wanted.name, wanted.topic, wanted.language
        row.speaks, row.is_welcoming = wanted.speaks, wanted.is_welcoming
    return visit.go(f"{LIST}/{group_id}", visit.translate("已保存。"))


def staff(visit: Visit) -> Response:
    """Staff speak for the shop: while they talk, the bot keeps silent."""
    group_id, member_id = visit.path("id"), str(visit.form.get("member", ""))[:120]
    is_staff = visit.form.get("is_staff") == "1"
    with visit.act("group.staff", f"group:{group_id}", member=member_id, is_staff=is_staff) as session:
        if not groups.set_staff(session, group_id, member_id, is_staff):
            raise NotFound
    return visit.go(visit.back(f"{LIST}/{group_id}"), visit.translate("已保存。"))


def say(visit: Visit) -> Response:
    with visit.read() as session:
        row = groups.get(session, visit.path("id"))
    fault = speaking.say(visit, speaking.Place(row.id, row.channel, row.id))
    if fault:
        return _group(visit, fault=fault, status=422)
    return visit.go(f"{LIST}/{row.id}#talk", visit.translate("已发送。"))


def lines(visit: Visit) -> Response:
    """The group's talk for a page that asks every few seconds; nothing when it has that already."""
    with visit.read() as session:
        row = groups.get(session, visit.path("id"))
        shown = find_lines(session, row.id, visit.desk.shop.bot_name)
    if visit.query("seen") == seen_mark(shown):
        return Response(status_code=204)
    return visit.page("handovers_lines.html", talk=shown, talk_url=_lines_url(row.id, seen_mark(shown)), asker=None)


def _group(visit: Visit, *, form: Form[GroupForm] | None = None, fault: str = "", status: int = 200) -> Response:
    with visit.read() as session:
        row = groups.get(session, visit.path("id"))
        present = groups.find_members(session, row.id, MEMBERS_SHOWN)
        shown = find_lines(session, row.id, visit.desk.shop.bot_name)
        count = _count_members(session, row.id)
        week = inbox.count_by_group(session, visit.now - WEEK).get(row.id, (0, 0, 0))
    form = form or blank(
        name=row.name, topic=row.topic, language=row.language, speaks=row.speaks, is_welcoming=row.is_welcoming
    )
    url = _join_url(visit, row.code) if row.channel == "web" else ""
    return visit.page(
        "group.html", status, group=Lively(row, count, sum(one.is_staff for one in present), *week), form=form,
        present=present, talk=shown, talk_url=_lines_url(row.id, seen_mark(shown)), asker=None, join_url=url,
        qr=codes.draw(url, url) if url else "", speaks=SPEAKS, languages=LANGUAGES, fault=fault,
        draft=str(visit.form.get("text", "")), nonce=speaking.fresh_nonce(), longest=speaking.LONGEST,
    )


def _count_members(session: Session, group_id: str) -> int:
    return groups.count_members(session).get(group_id, 0)


def _lines_url(group_id: str, seen: str) -> str:
    return f"{LIST}/{quote(group_id, safe=':/')}/lines?seen={seen}"


def _join_url(visit: Visit, code: str) -> str:
    return f"{visit.desk.shop.base_url}/g/{code}"


PAGES = (
    get("/groups", overview, VIEWER),
    get("/groups/new", new, MANAGER),
    post("/groups/new", create, MANAGER),
    get("/groups/{id:path}/lines", lines, VIEWER),
    get("/groups/{id:path}", group, VIEWER),
    post("/groups/{id:path}/staff", staff, MANAGER),
    post("/groups/{id:path}/say", say, MANAGER),
    post("/groups/{id:path}", save, MANAGER),
)
