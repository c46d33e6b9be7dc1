"""Pick lists of a drop: on the page, on paper, as files, and in words for the group; reminding who has not paid."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from bot.console import speaking, trade
from bot.console.handing import attached, workbook
from bot.console.pages import get, post
from bot.console.speaking import fresh_nonce
from bot.console.visit import Visit
from bot.fulfilling import PaymentReminderAsked
from content import picklists
from content.picklists import Words
from storage import drops, groups, order_search, orders
from storage.base import AnyRow
from storage.operators import MANAGER
from storage.order_search import Pick

MOST_SHOWN, MOST_REMINDED = 1_000, 2_000


def words_of(visit: Visit) -> Words:
    """The list's words in the operator's language."""
    tell = visit.translate
    return Words(
        orders=tell("订单"), products=tell("商品汇总"), point=tell("自提点"), group=tell("群"), member=tell("成员"), tail=tell("尾号"),
        product=tell("商品"), units=tell("份数"), owed=tell("取货时付（元）"), note=tell("备注"), address=tell("地址"),
        order_id=tell("订单号"), done=tell("已取"), nowhere=tell("没写自提点"), cut=tell("只印了前 {most} 单，一共 {count} 单；完整的请下载 XLSX。"),
    )


def find(visit: Visit, drop_id: str) -> tuple[AnyRow, list[Pick]]:
    """The drop and what is to be handed out; of one group where the page asks for one."""
    with visit.read() as session:
        drop = drops.get(session, drop_id)
        wanted = drops.find_groups(session, drop_id) | {row.group_id for row in orders.find_alive(session, drop_id) if row.group_id}
        names = groups.find_names(session, wanted)
        return drop, order_search.find_picks(session, drop_id, names)


def show(visit: Visit) -> Response:
    drop, found = find(visit, visit.path("id"))
    with visit.read() as session:
        unpaid = [row for row in orders.find_alive(session, drop.id) if row.status == orders.PLACED]
        rooms = groups.find_names(session, drops.find_groups(session, drop.id) | {row.group_id for row in unpaid if row.group_id})
    return visit.page(
        "picks.html", drop=drop, places=picklists.by_place(found[:MOST_SHOWN]), totals=picklists.totals(found), count=len(found),
        most=MOST_SHOWN, most_on_paper=picklists.MOST_ON_PAPER,
        said=said_of(visit, drop, found), unpaid=len(unpaid), rooms=rooms, nonce=fresh_nonce(),
        sums=picklists.totals, waiting=[one.order_id for one in found if not one.has_arrived and not one.is_received][:500],
    )


def said_of(visit: Visit, drop: AnyRow, found: Sequence[Pick]) -> str:
    """The masked list for the group, cut where a message ends."""
    opening = visit.translate("「%(title)s」到货了，请来取货：", title=drop.title)
    waiting = [one for one in found if not one.is_received]
    text = picklists.for_group(drop.title, waiting, words_of(visit), opening)
    return text if len(text) <= speaking.LONGEST else text[: speaking.LONGEST - 1] + "…"


def download(visit: Visit) -> Response:
    drop_id, form = visit.path("id"), "pdf" if visit.form.get("form") == "pdf" else "xlsx"
    drop, found = find(visit, drop_id)
    with visit.act("picks.export", f"drop:{drop_id}", form=form, orders=len(found)):
        name = f"picks-{drop.code}-{visit.now.astimezone(visit.desk.zone):%Y%m%d-%H%M}.{form}"
    if form == "pdf":
        return Response(picklists.printed(drop.title, found, words_of(visit)), media_type="application/pdf", headers=attached(name))
    words = words_of(visit)
    return workbook(visit, name, len(found), lambda told: picklists.workbook(found, words, told))


def say(visit: Visit) -> Response:
    """Tell a group of the drop that its goods are there, in the words of the form."""
    back, group_id = f"/console/drops/{visit.path('id')}/picks", str(visit.form.get("group", ""))
    with visit.read() as session:
        group = groups.find(session, group_id)
    if group is None:
        return visit.go(back, visit.translate("请选择一个群。"), is_bad=True)
    fault = speaking.say(visit, speaking.Place(group.id, group.channel, group.id))
    return visit.go(back, fault, is_bad=True) if fault else visit.go(back, visit.translate("已发到「%(name)s」。", name=group.name))


def remind(visit: Visit) -> Response:
    """Remind, each alone, who has not paid; who was reminded within a day is left in peace."""
    drop_id, nonce = visit.path("id"), trade.nonce(visit)
    back = f"/console/drops/{drop_id}/picks"
    with visit.read() as session:
        ids = [row.id for row in orders.find_alive(session, drop_id) if row.status == orders.PLACED][:MOST_REMINDED]
    if not ids or not nonce:
        return visit.go(back, visit.translate("没有人要提醒。"), is_bad=True)
    told = trade.tell(
        visit, PaymentReminderAsked, f"remind:{visit.operator.id}:{nonce}", drop_id, "order.remind", f"drop:{drop_id}",
        order_ids=tuple(ids), by=trade.by(visit),
    )
    if not told.is_done:
        return visit.go(back, trade.why_not(visit, told), is_bad=True)
    return visit.go(back, visit.translate("私下提醒了 %(count)s 位；一天内提醒过的不再打扰。", count=int(told.reason or 0)))


PAGES = (
    get("/drops/{id}/picks", show, MANAGER),
    post("/drops/{id}/picks/file", download, MANAGER),
    post("/drops/{id}/picks/say", say, MANAGER),
    post("/drops/{id}/picks/remind", remind, MANAGER),
)
