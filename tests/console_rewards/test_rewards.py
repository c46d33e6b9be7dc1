"""Campaigns, the commission book, payouts and disputes at the desk, from the first draft to the last fen."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import insert

from bot.trading import OrderMarkAsked
from storage import attributions, audit, campaigns, commissions, members, payouts, touches
from tests.console.conftest import Browser, Room, room
from tests.group_buy.stall import StallStage

__all__ = ["room"]

FORM: dict[str, Any] = {
    "name": "邻居推荐", "rule": "last", "window_days": "30", "protection_days": "0", "after_sale_days": "7", "top_level": "1",
    "reward_level": "1", "reward_unit": "fen", "reward_kind": "percent", "reward_amount": "5", "reward_occasion": "order",
    "reward_scope": "shop", "reward_target": "", "version": "1",
}


def campaign_of(browser: Browser, **more: Any) -> str:
    browser.get("/campaigns/new")
    answer = browser.post("/campaigns/new", FORM | more)
    found = re.search(r"/console/campaigns/(cmp_\w+)$", str(answer.url))
    assert found is not None, re.findall(r'class="fault[^>]*>([^<]+)', browser.page)
    return found[1]


def touch(room: Room, who: str, by: str) -> None:
    with room.stage.database.write() as session:
        members.keep(session, [(f"stage:{name}", "stage", name) for name in (who, by)], room.stage.time)
        session.execute(insert(touches.TABLE).values(
            cause=f"{who}:{by}", kind="click", visitor_id="", member_id=f"stage:{who}", referrer_id=f"stage:{by}", link_id="", group_id="",
            drop_id="", product_id="", campaign_id="", at=room.stage.time, void_why="",
        ))


def earning(room: Room) -> tuple[StallStage, str, Browser]:
    """A running campaign, and an order of 李四's that 小王 brought, paid."""
    boss = room.browser("admin")
    campaign_id = campaign_of(boss)
    assert "进行中" in boss.post(f"/campaigns/{campaign_id}/start").text
    drop = StallStage(room.stage, price_fen=10_000, offer={"price_fen": 3_990})
    touch(room, "李四", "小王")
    room.stage.pass_time(1)
    order_id = drop.join("李四", 2)
    drop.pay(order_id)
    return drop, order_id, boss


def test_a_draft_is_written_by_a_manager_and_started_by_an_admin(room: Room) -> None:
    manager = room.browser("manager")
    campaign_id = campaign_of(manager)
    assert "推荐人：每个订单 5% 佣金（全店商品）" in manager.page
    assert manager.post(f"/campaigns/{campaign_id}/start").status_code == 403
    boss = room.browser("admin")
    boss.get(f"/campaigns/{campaign_id}")
    assert "活动已开始" in boss.post(f"/campaigns/{campaign_id}/start").text
    manager.get(f"/campaigns/{campaign_id}")
    assert manager.post(f"/campaigns/{campaign_id}/terms", FORM).status_code == 403
    boss.get(f"/campaigns/{campaign_id}/terms")
    assert "新规则已生效" in boss.post(f"/campaigns/{campaign_id}/terms", FORM | {"reward_amount": "8.5"}).text
    assert "8.50% 佣金" in boss.page
    assert "有人刚改过规则" in boss.post(f"/campaigns/{campaign_id}/terms", FORM).text
    assert "活动已结束" in boss.post(f"/campaigns/{campaign_id}/end").text
    with room.stage.database.read() as session:
        assert [one.rewards[0].amount for one in campaigns.find_terms(session, campaign_id)] == [500, 850]
        assert {one.action for one in audit.find(session)} >= {"campaign.create", "campaign.start", "campaign.terms", "campaign.end"}


def test_unlawful_and_odd_terms_are_refused_beside_the_field(room: Room) -> None:
    boss = room.browser("admin")
    boss.get("/campaigns/new")
    faults = {
        "最多两级": {"reward_level": "3"}, "要先打开第二级": {"reward_level": "2"}, "不能得佣金": {"reward_level": "0"},
        "不能超过 100%": {"reward_amount": "101"}, "数额要大于 0": {"reward_amount": "五"}, "至少要有一条奖励": {"reward_amount": ""},
        "请填 1 到 365 之间的整数": {"window_days": "0"}, "结束时间要晚于": {"ends_at": "2020-01-01T00:00", "starts_at": "2021-01-01T00:00"},
        "团购或商品的编号": {"reward_scope": "product"}, "请选择一项": {"rule": "lottery"}, "金额以元为单位": {"budget": "1.234"},
    }
    for words, values in faults.items():
        answer = boss.post("/campaigns/new", FORM | values)
        assert (answer.status_code, words in boss.page) == (422, True), words
    manager = room.browser("manager")
    manager.get("/campaigns/new")
    assert "第二级只有管理员能打开" in manager.post("/campaigns/new", FORM | {"top_level": "2"}).text
    with room.stage.database.read() as session:
        assert campaigns.find_all(session) == []


def test_the_book_shows_filters_and_exports_what_is_earned(room: Room) -> None:
    _, order_id, boss = earning(room)
    boss.get("/commissions")
    assert "¥3.99" in boss.page
    assert "待结算" in boss.page
    assert "没有找到" in boss.get("/commissions?state=paid").text
    assert "小王" in boss.get("/commissions?q=小王&unit=fen&from=2026-03-01&to=2026-03-03").text
    csv = boss.post("/commissions/export", {"form": "csv"}).text
    assert order_id in csv
    assert boss.get("/commissions").status_code == 200
    assert boss.post("/commissions/export", {"form": "xlsx"}).content[:2] == b"PK"
    room.browser("viewer").get("/commissions/statement?member=stage:小王")
    english = room.browser("viewer", "en")
    assert "Earned by an order" in english.get("/commissions/statement?member=stage:小王").text
    assert english.get("/commissions/statement?member=stage:nobody").status_code == 404


def test_a_payout_is_proposed_approved_by_another_exported_and_paid(room: Room) -> None:
    drop, order_id, boss = earning(room)
    drop.hear(OrderMarkAsked, order_ids=(order_id,), mark="received", by="operator:1")
    room.stage.pass_time(7 * 86_400 + 1)
    manager = room.browser("manager")
    assert "可结算：1 人，共 ¥3.99" in manager.get("/payouts").text
    manager.post("/payouts/propose", {"least": "1", "tax_note": "劳务"})
    with room.stage.database.read() as session:
        batch = payouts.find_all(session)[0]
    url = f"/payouts/{batch.id}"
    assert manager.post(f"{url}/approve", {"sure": "399"}).status_code == 403
    boss.get(url)
    assert "批准以后才能导出" in boss.post(f"{url}/export").text
    assert "请先勾选" in boss.post(f"{url}/approve", {"sure": "1"}).text
    assert "已批准" in boss.post(f"{url}/approve", {"sure": "399"}).text
    assert "stage:小王,小王,3.99," in boss.post(f"{url}/export", {"form": "csv"}).text
    boss.get(url)
    assert "已记为付清" in boss.post(f"{url}/paid", {"sure": "yes"}).text
    drop.refund(order_id, 3_990)  # half of it goes back: a debt
    assert "-¥2.00" in boss.get("/commissions/statement?member=stage:小王").text
    with room.stage.database.read() as session:
        assert {one.action for one in audit.find(session)} >= {"payout.propose", "payout.approve", "payout.paid", "payout.export"}


def test_who_proposed_does_not_approve_while_there_is_another_admin(room: Room) -> None:
    drop, order_id, boss = earning(room)
    room.hire("二老板", "admin")
    drop.hear(OrderMarkAsked, order_ids=(order_id,), mark="received", by="operator:1")
    room.stage.pass_time(8 * 86_400)
    boss.get("/payouts")
    boss.post("/payouts/propose", {})
    assert "提出的人不能自己批" in boss.page
    with room.stage.database.read() as session:
        batch_id = payouts.find_all(session)[0].id
    assert "不能审批" in boss.post(f"/payouts/{batch_id}/approve", {"sure": "399"}).text
    assert "佣金回到可结算" in boss.post(f"/payouts/{batch_id}/cancel").text


def test_a_dispute_shows_the_line_of_touches_and_is_corrected(room: Room) -> None:
    _, order_id, boss = earning(room)
    touch(room, "赵姐", "阿芳")
    assert f'href="/console/disputes/{order_id}"' in boss.get(f"/orders/{order_id}").text
    page = boss.get(f"/disputes/{order_id}").text
    assert "下单前最后一次有效触点是 小王 带来的，在 30 天有效期内" in page
    assert "算数：订单归这一次" in page
    assert "请写明是哪位成员" in boss.post(f"/disputes/{order_id}/open", {"member": "nobody", "words": "我"}).text
    boss.post(f"/disputes/{order_id}/open", {"member": "stage:阿芳", "words": "是我拉他进群的 <b>"})
    assert "是我拉他进群的 &lt;b&gt;" in boss.page
    nonce = re.search(r'name="nonce" value="(\w+)"', boss.page)
    assert nonce is not None
    decided = {"nonce": nonce[1], "decision": "corrected", "referrer": "stage:阿芳", "answer": "核实了"}
    assert room.browser("manager").post(f"/disputes/{order_id}/decide", decided).status_code == 403
    assert "已处理" in boss.post(f"/disputes/{order_id}/decide", decided).text
    with room.stage.database.read() as session:
        rows = {row.member_id: row.amount for row in commissions.find_of_order(session, order_id)}
        assert rows == {"stage:小王": 0, "stage:阿芳": 399}
        assert attributions.get(session, order_id).referrer_id == "stage:小王"
    assert boss.get("/disputes?order=ord_unknown").status_code == 404
    assert "核实了" in boss.get("/disputes").text
