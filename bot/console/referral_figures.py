"""What referring brings: K-factor, share rate, and new members and revenue by member, group and link, also as a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.handing import XLSX, attached
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from content.sheets import csv_of, xlsx_of
from storage import figures_referral, groups, members, referral_links
from storage.figures_referral import BY, BY_GROUP, BY_LINK, BY_MEMBER, COLUMNS, Brought
from storage.operators import MANAGER, VIEWER

DAYS, SHOWN = (7, 30, 90, 365), 100
TABS = {BY_MEMBER: mark("按成员"), BY_GROUP: mark("按群"), BY_LINK: mark("按链接")}
HEADS = {
    "visits": mark("点击"), "visitors": mark("访客"), "joins": mark("入群"), "newcomers": mark("新成员"), "orders": mark("订单"),
    "revenue_fen": mark("成交额（元）"), "commission_fen": mark("佣金（元）"),
}


def show(visit: Visit) -> Response:
    days, what = _asked(visit.query("days", 4), visit.query("by", 8))
    since, until = _span(visit, days)
    with visit.read() as session:
        whole = figures_referral.whole(session, since, until)
        rows = figures_referral.by(session, what, since, until, SHOWN)
        names = _names(session, what, rows)
    return visit.page(
        "referral_figures.html", whole=whole, rows=rows, names=names, days=days, what=what, tabs=TABS, all_days=DAYS, heads=HEADS,
    )


def export(visit: Visit) -> Response:
    days, what = _asked(str(visit.form.get("days", "")), str(visit.form.get("by", "")))
    with visit.act("referral.export", "referral", days=days, by=what) as session:
        rows = figures_referral.by(session, what, *_span(visit, days))
        names = _names(session, what, rows)
    header = [visit.translate(TABS[what]), visit.translate("编号"), *(visit.translate(HEADS[name]) for name in COLUMNS)]
    cells = [[names.get(row.key, ""), row.key, *(_cell(name, row.figures[name]) for name in COLUMNS)] for row in rows]
    name = f"referral-{what}-{_day(visit, visit.now)}"
    if visit.form.get("form") == "xlsx":
        return Response(xlsx_of([(visit.translate("推广数据"), header, cells)]), media_type=XLSX, headers=attached(f"{name}.xlsx"))
    return Response("\ufeff" + csv_of([header, *cells]), media_type="text/csv; charset=utf-8", headers=attached(f"{name}.csv"))


def _span(visit: Visit, days: int) -> tuple[datetime, datetime]:
    """The days up to this second, which is among them."""
    return visit.now - timedelta(days=days), visit.now + timedelta(seconds=1)


def _cell(name: str, value: int) -> object:
    return value / 100 if name.endswith("_fen") else value


def _day(visit: Visit, moment: datetime) -> str:
    return f"{moment.astimezone(visit.desk.zone):%Y%m%d}"


def _asked(days: str, what: str) -> tuple[int, str]:
    """Days and grouping as asked for, if they are among those there are."""
    return (int(days) if days.isdecimal() and int(days) in DAYS else 30), (what if what in BY else BY_MEMBER)


def _names(session: Session, what: str, rows: Iterable[Brought]) -> dict[str, str]:
    keys = [row.key for row in rows]
    if what == BY_GROUP:
        return dict(groups.find_names(session, keys))
    if what == BY_LINK:
        links = referral_links.find_with_ids(session, set(keys))
        owners = members.find_names(session, {link.member_id for link in links.values()})
        return {key: f"{link.code} · {owners.get(link.member_id, '')}" for key, link in links.items()}
    return members.find_names(session, keys)


PAGES = (get("/referral-figures", show, VIEWER), post("/referral-figures/export", export, MANAGER))
