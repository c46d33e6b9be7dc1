"""The touch explorer: who was touched, by whom, through what, with filters, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from bot.console.language import mark
from bot.console.order_export import attached
from bot.console.pages import get, post
from bot.console.referral_links import TOUCHES, moment
from bot.console.visit import Visit
from content.sheets import csv_of
from storage import drops, groups, identities, members, referral_links, touches
from storage.base import AnyRow
from storage.operators import MANAGER, VIEWER
from storage.touches import Wanted

A_PAGE, BATCH, MOST_ROWS, MOST_GROUPS = 50, 500, 100_000, 300
FIELDS = ("who", "by", "code", "kind", "group", "from", "to")
COLUMNS = (
    mark("时间"), mark("类型"), mark("访客编号"), mark("成员"), mark("成员编号"), mark("推广人"), mark("推广人编号"), mark("链接口令"),
    mark("群"), mark("团购"), mark("商品"), mark("作废时间"), mark("作废原因"),
)
WHYS = {touches.LEFT_SOON: mark("72 小时内退群")}


def asked_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The filters as written, bounded."""
    return {name: str(given.get(name, "")).replace("\0", "").strip()[:120] for name in FIELDS}


def wanted_of(visit: Visit, session: Session, asked: Mapping[str, str]) -> Wanted:
    """The filters as understood. The last day counts whole; a code nobody has finds nothing."""
    link = referral_links.find_by_code(session, asked["code"].upper()) if asked["code"] else None
    since, until = _midnight(visit, asked["from"]), _midnight(visit, asked["to"])
    return Wanted(
        _people(session, asked["who"]), _people(session, asked["by"]), ("none" if link is None else link.id) if asked["code"] else "",
        asked["group"], asked["kind"] if asked["kind"] in touches.KINDS else "", since, until and until + timedelta(days=1),
    )


def _people(session: Session, words: str) -> Sequence[str] | None:
    """The members a name or id means, with everybody who is the same person."""
    if not words:
        return None
    found = [one.id for one in members.search(session, words, limit=50)]
    return sorted({own for one in found for own in identities.everyone_of(session, one).member_ids})


def _midnight(visit: Visit, written: str) -> datetime | None:
    try:
        day = date.fromisoformat(written)
        return datetime.combine(day, time(), visit.desk.zone).astimezone(UTC) if 2000 <= day.year <= 2100 else None
    except ValueError:
        return None


def explore(visit: Visit) -> Response:
    asked, before = asked_of(visit.request.query_params), visit.query("before", 18)
    with visit.read() as session:
        found = touches.find_page(
            session, wanted_of(visit, session, asked), limit=A_PAGE + 1, before_id=int(before) if before.isdecimal() and before.isascii() else None
        )
        shown = found[:A_PAGE]
        beside = _beside(session, shown)
        rooms = groups.find_newest(session, MOST_GROUPS)
    return visit.page(
        "touches.html", touches=shown, asked=asked, kinds=TOUCHES, rooms=rooms, whys=WHYS,
        next_before=shown[-1].id if len(found) > A_PAGE else None, **beside,
    )


def _beside(session: Session, shown: Sequence[AnyRow]) -> dict[str, Any]:
    people = {one.member_id for one in shown} | {one.referrer_id for one in shown}
    visitors = identities.find_members_of(session, {one.visitor_id for one in shown if one.visitor_id and not one.member_id})
    people |= set(visitors.values())
    named = {one: drops.find(session, one) for one in {row.drop_id for row in shown if row.drop_id}}
    return {
        "names": members.find_names(session, people), "visitors": visitors,
        "links": referral_links.find_with_ids(session, {one.link_id for one in shown if one.link_id}),
        "group_names": groups.find_names(session, {one.group_id for one in shown if one.group_id}),
        "drops": {one: row.title for one, row in named.items() if row is not None},
    }


def export(visit: Visit) -> Response:
    asked = asked_of({name: visit.form.get(name, "") for name in visit.form})
    with visit.act("touch.export", "touches", **{name: value for name, value in asked.items() if value}) as session:
        wanted = wanted_of(visit, session, asked)
    name = f"touches-{visit.now.astimezone(visit.desk.zone):%Y%m%d-%H%M}.csv"
    header = [visit.translate(column) for column in COLUMNS]
    return StreamingResponse(_csv(visit, header, wanted), media_type="text/csv; charset=utf-8", headers=attached(name))


def _csv(visit: Visit, header: list[str], wanted: Wanted) -> Iterator[str]:
    yield "\ufeff" + csv_of([header])
    before: int | None = None
    for _ in range(MOST_ROWS // BATCH):
        with visit.read() as session:
            found = touches.find_page(session, wanted, before_id=before, limit=BATCH)
            beside = _beside(session, found)
        yield csv_of([_row(visit, row, beside) for row in found])
        if len(found) < BATCH:
            return
        before = found[-1].id


def _row(visit: Visit, row: AnyRow, beside: dict[str, Any]) -> list[object]:
    link, names = beside["links"].get(row.link_id), beside["names"]
    who = row.member_id or beside["visitors"].get(row.visitor_id, "")
    return [
        moment(visit, row.at), visit.translate(TOUCHES[row.kind]), row.visitor_id, names.get(who, ""), who,
        names.get(row.referrer_id, ""), row.referrer_id, "" if link is None else link.code,
        beside["group_names"].get(row.group_id, row.group_id), beside["drops"].get(row.drop_id, row.drop_id), row.product_id,
        moment(visit, row.void_at), visit.translate(WHYS[row.void_why]) if row.void_why in WHYS else row.void_why,
    ]


PAGES = (get("/links/touches", explore, VIEWER), post("/links/touches/export", export, MANAGER))
