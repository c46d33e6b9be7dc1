"""Referral links at the desk: finding them, one with what came through it, pausing, ending, and the list as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from bot.console.language import mark
from bot.console.order_export import attached
from bot.console.pages import get, post
from bot.console.visit import Visit
from content.sheets import csv_of
from storage import clicks, drops, groups, members, products, referral_links, touches
from storage.base import AnyRow
from storage.clicks import Counts
from storage.operators import MANAGER, VIEWER

LIST, A_PAGE, MOST_EXPORTED, LATEST = "/console/links", 50, 20_000, 30
KINDS = {
    referral_links.GROUP: mark("群"), referral_links.DROP: mark("团购"), referral_links.PRODUCT: mark("商品"),
    referral_links.SHOP: mark("店铺"),
}
STATES = {
    referral_links.ON: (mark("有效"), "green"), referral_links.PAUSED: (mark("已停用"), "amber"),
    referral_links.EXPIRED: (mark("已过期"), ""),
}
VERDICTS = {
    clicks.COUNTED: mark("访问"), clicks.BOT: mark("爬虫"), clicks.PREVIEW: mark("链接预览"), clicks.FLOOD: mark("异常频繁"),
}
TOUCHES = {touches.CLICK: mark("点击"), touches.JOIN: mark("入群"), touches.PAGE: mark("参团")}
COLUMNS = (
    mark("口令"), mark("成员"), mark("成员编号"), mark("去向"), mark("名称"), mark("状态"), mark("生成时间"), mark("到期"), mark("访问"),
    mark("访客"), mark("重复"), mark("爬虫和预览"), mark("入群"), mark("参团"),
)


def state_of(link: Any, now: datetime) -> str:
    """on, paused or expired, for a row of the links' table."""
    if link.paused_at is not None:
        return referral_links.PAUSED
    return referral_links.EXPIRED if link.expires_at is not None and link.expires_at <= now else referral_links.ON


def titles_of(session: Session, links: Sequence[Any]) -> dict[str, str]:
    """What the links lead to, by their ids."""
    of = {kind: {one.target_id for one in links if one.target_kind == kind} for kind in referral_links.KINDS}
    rooms = groups.find_names(session, of[referral_links.GROUP])
    goods = products.find_with_ids(session, sorted(of[referral_links.PRODUCT]))
    named = {one: drops.find(session, one) for one in of[referral_links.DROP]}
    found = {}
    for one in links:
        drop, product = named.get(one.target_id), goods.get(one.target_id)
        names = {
            referral_links.GROUP: rooms.get(one.target_id), referral_links.DROP: None if drop is None else f"{drop.title} {drop.code}",
            referral_links.PRODUCT: None if product is None else product.name,
        }
        found[one.id] = names.get(one.target_kind) or one.target_id
    return found


def directory(visit: Visit) -> Response:
    words, kind = visit.query("q", 120).strip(), visit.query("kind", 10)
    kind = kind if kind in KINDS else ""
    with visit.read() as session:
        found = _find(session, words, kind, visit.query("after", 40), A_PAGE + 1)
        shown = found[:A_PAGE]
        values = _beside(session, shown)
        total = referral_links.count(session)
    return visit.page(
        "links.html", links=shown, words=words, kind=kind, kinds=KINDS, states=STATES, total=total,
        state={one.id: state_of(one, visit.now) for one in shown},
        next_after=shown[-1].id if len(found) > A_PAGE else None, **values,
    )


def _find(session: Session, words: str, kind: str, after: str, limit: int) -> Sequence[AnyRow]:
    """Links of a code, or of the members a name or id finds."""
    link = referral_links.find_by_code(session, words.upper()) if words else None
    if link is not None:
        return referral_links.find_page(session, code=link.code, limit=1)
    people = [one.id for one in members.search(session, words, limit=200)] if words else None
    return referral_links.find_page(session, member_ids=people, target_kind=kind, before=after, limit=limit)


def _beside(session: Session, links: Sequence[Any]) -> dict[str, Any]:
    ids = [one.id for one in links]
    return {
        "titles": titles_of(session, links), "names": members.find_names(session, {one.member_id for one in links}),
        "counts": clicks.count_of(session, ids), "touched": touches.count_of_links(session, ids), "nothing": Counts(),
    }


def one(visit: Visit) -> Response:
    with visit.read() as session:
        link = referral_links.get(session, visit.path("id"))
        came = touches.find_page(session, touches.Wanted(link_id=link.id, kind=touches.JOIN), limit=LATEST)
        took = touches.find_page(session, touches.Wanted(link_id=link.id, kind=touches.PAGE), limit=LATEST)
        rows = clicks.find_of_link(session, link.id, LATEST)
        brought = sorted((*came, *took), key=lambda touch: -touch.id)
        people = members.find_names(session, {touch.member_id for touch in brought} | {link.member_id})
        values = _beside(session, [link]) | {"names": people}
    return visit.page(
        "links_one.html", link=link, state=state_of(link, visit.now), states=STATES, kinds=KINDS, clicks=rows, verdicts=VERDICTS,
        brought=brought, touch_kinds=TOUCHES, address=f"{visit.desk.shop.base_url}/r/{link.code}",
        until="" if link.expires_at is None else f"{link.expires_at.astimezone(visit.desk.zone) - timedelta(days=1):%Y-%m-%d}", **values,
    )


def pause(visit: Visit) -> Response:
    link_id = visit.path("id")
    with visit.act("link.pause", f"link:{link_id}") as session:
        referral_links.pause(session, link_id, visit.now)
    return visit.go(f"{LIST}/{link_id}", visit.translate("已停用。打开的人会看到说明页。"))


def resume(visit: Visit) -> Response:
    link_id = visit.path("id")
    with visit.act("link.resume", f"link:{link_id}") as session:
        referral_links.resume(session, link_id)
    return visit.go(f"{LIST}/{link_id}", visit.translate("已恢复。"))


def expire(visit: Visit) -> Response:
    """Until the end of a day, or for ever where none is named."""
    link_id, written = visit.path("id"), str(visit.form.get("until", "")).strip()
    try:
        day = date.fromisoformat(written) if written else None
        if day is not None and not 2000 <= day.year <= 2100:
            raise ValueError(written)
    except ValueError:
        return visit.go(f"{LIST}/{link_id}", visit.translate("日期不对。"), is_bad=True)
    until = None if day is None else datetime.combine(day + timedelta(days=1), time(), visit.desk.zone).astimezone(UTC)
    with visit.act("link.expire", f"link:{link_id}", until=written) as session:
        referral_links.set_expiry(session, link_id, until)
    return visit.go(f"{LIST}/{link_id}", visit.translate("已保存。"))


def export(visit: Visit) -> Response:
    words, kind = str(visit.form.get("q", ""))[:120].strip(), str(visit.form.get("kind", ""))
    with visit.act("link.export", "links", q=words, kind=kind):
        name = f"links-{visit.now.astimezone(visit.desk.zone):%Y%m%d-%H%M}.csv"
    header = [visit.translate(column) for column in COLUMNS]
    pieces = _csv(visit, header, words, kind if kind in KINDS else "")
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=attached(name))


def _csv(visit: Visit, header: list[str], words: str, kind: str) -> Iterator[str]:
    yield "\ufeff" + csv_of([header])
    after = ""
    for _ in range(MOST_EXPORTED // A_PAGE):
        with visit.read() as session:
            found = _find(session, words, kind, after, A_PAGE)
            beside = _beside(session, found)
        yield csv_of([_row(visit, link, beside) for link in found])
        if len(found) < A_PAGE:
            return
        after = found[-1].id


def _row(visit: Visit, link: AnyRow, beside: dict[str, Any]) -> list[object]:
    counts: Counts = beside["counts"].get(link.id, Counts())
    touched: dict[tuple[str, str], int] = beside["touched"]
    return [
        link.code, beside["names"].get(link.member_id, ""), link.member_id, visit.translate(KINDS[link.target_kind]),
        beside["titles"][link.id], visit.translate(STATES[state_of(link, visit.now)][0]), moment(visit, link.created_at),
        moment(visit, link.expires_at), counts.counted, counts.visitors, counts.repeats, counts.bots + counts.previews + counts.floods,
        touched.get((link.id, touches.JOIN), 0), touched.get((link.id, touches.PAGE), 0),
    ]


def moment(visit: Visit, at: datetime | None) -> str:
    """A time in a file, in the shop's zone."""
    return "" if at is None else at.astimezone(visit.desk.zone).strftime("%Y-%m-%d %H:%M:%S")


PAGES = (
    get("/links", directory, VIEWER),
    post("/links/export", export, MANAGER),
    get("/links/{id}", one, VIEWER),
    post("/links/{id}/pause", pause, MANAGER),
    post("/links/{id}/resume", resume, MANAGER),
    post("/links/{id}/expiry", expire, MANAGER),
)
