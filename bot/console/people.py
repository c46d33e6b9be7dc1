"""Who is one person, at the desk: what was merged and can be undone, and what is kept apart until an admin decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from handlers.referral import people
from storage import identities, members
from storage.operators import ADMIN

PAGE, LATEST = "/console/links/people", 100
KINDS = {
    identities.UNIONID: mark("微信 unionid"), identities.OPENID: mark("openid"), identities.EXTERNAL: mark("外部联系人"),
    identities.MEMBER: mark("成员"), identities.VISITOR: mark("访客"),
}
DONE = {"undo": mark("已撤销合并。"), "merge": mark("已合并。"), "apart": mark("已记为不同的人，以后不再合并。")}


@dataclass(frozen=True, slots=True)
class Shown:
    """A merge or conflict with both persons' ids as (kind, what is shown)."""

    row: Any
    kept: Sequence[tuple[str, str]]
    gone: Sequence[tuple[str, str]]


def show(visit: Visit) -> Response:
    with visit.read() as session:
        waiting = [_shown(session, row) for row in identities.find_merges(session, (identities.CONFLICT,), LATEST)]
        settled = (identities.MERGED, identities.UNDONE, identities.KEPT_APART)
        history = [_shown(session, row) for row in identities.find_merges(session, settled, LATEST)]
    return visit.page("people.html", waiting=waiting, history=history, kinds=KINDS)


def _shown(session: Session, row: Any) -> Shown:
    moved = {(kind, value) for kind, value in json.loads(row.moved)}
    kept = [key for key in identities.get_person(session, row.kept).keys if row.state != identities.MERGED or key not in moved]
    gone = sorted(moved) if row.state == identities.MERGED else identities.get_person(session, row.gone).keys
    return Shown(row, _named(session, kept), _named(session, gone))


def _named(session: Session, keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    names = members.find_names(session, [value for kind, value in keys if kind == identities.MEMBER])
    return [(kind, f"{names[value]} {value}" if value in names else value) for kind, value in keys]


def settle(visit: Visit) -> Response:
    what, merge_id = visit.path("what"), visit.path("id")
    if what not in DONE:
        return visit.go(PAGE, visit.translate("已经处理过了。"), is_bad=True)
    with visit.act(f"people.{what}", f"merge:{merge_id}") as session:
        is_done = people.settle(session, merge_id, what, f"operator:{visit.operator.id}", visit.now)
    if not is_done:
        return visit.go(PAGE, visit.translate("已经处理过了。"), is_bad=True)
    return visit.go(PAGE, visit.translate(DONE[what]))


PAGES = (get("/links/people", show, ADMIN), post("/links/people/{id:int}/{what}", settle, ADMIN))
