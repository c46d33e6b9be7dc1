"""The fraud queue: what waits, the evidence, who may decide, and what a decision does."""

from __future__ import annotations

from storage import commissions, ledger
from tests.console.conftest import Room
from tests.console_fraud.conftest import PHONE, rewarded, self_referral
from tests.console_shop.conftest import audited


def states(room: Room, order_id: str) -> list[tuple[str, int]]:
    with room.stage.database.read() as session:
        return [(row.state, row.amount) for row in commissions.find_of_order(session, order_id)]


def test_a_self_referral_waits_in_the_queue_with_its_evidence_and_no_personal_data(room: Room) -> None:
    order_id = self_referral(room, rewarded(room))
    assert states(room, order_id) == [("held", 299)]
    browser = room.browser("manager")
    assert "疑似作弊，等决定" in browser.get("/today").text
    page = browser.get("/fraud").text
    assert "自己给自己推荐" in page
    assert "买的人和推荐人的手机号一样" in page
    assert PHONE not in page
    page = browser.get("/fraud/1").text
    assert order_id in page
    assert "由管理员决定" in page
    assert PHONE not in page


def test_an_admin_confirms_with_a_reason_and_nothing_is_left(room: Room) -> None:
    order_id = self_referral(room, rewarded(room))
    browser = room.browser("admin")
    browser.get("/fraud/1")
    browser.post("/fraud/1/confirm", {"words": "  "})
    assert "请写明理由" in browser.page
    browser.post("/fraud/1/confirm", {"words": "字" * 401})
    assert "请写明理由" in browser.page
    assert states(room, order_id) == [("held", 299)]
    browser.post("/fraud/1/confirm", {"words": "同一个手机号"})
    assert "属实" in browser.page
    assert states(room, order_id) == [("rejected", 0)]
    browser.post("/fraud/1/clear", {"words": ""})
    assert "已经有人决定过了" in browser.page
    assert "没有待看的" in browser.get("/fraud").text
    assert "同一个手机号" in browser.get("/fraud/1").text
    assert "自己给自己推荐" in browser.get("/fraud?state=all").text
    assert "fraud.confirm" in {what for _, what, *_ in audited(room)}
    with room.stage.database.read() as session:
        assert set(ledger.sum_all(session).values()) == {0}


def test_clearing_frees_the_commission(room: Room) -> None:
    order_id = self_referral(room, rewarded(room))
    browser = room.browser("admin")
    browser.get("/fraud/1")
    browser.post("/fraud/1/clear", {"words": "婆婆用她的手机"})
    assert states(room, order_id) == [("pending", 299)]


def test_managers_may_look_and_not_decide_viewers_neither(room: Room) -> None:
    order_id = self_referral(room, rewarded(room))
    browser = room.browser("manager")
    browser.get("/fraud/1")
    assert browser.post("/fraud/1/clear", {"words": ""}).status_code == 403
    assert room.browser("viewer").get("/fraud").status_code == 403
    assert states(room, order_id) == [("held", 299)]


def test_odd_addresses_are_no_errors(room: Room) -> None:
    browser = room.browser("admin")
    for path in ("/fraud?state=zzz&rule=%00&before=-1", "/fraud?before=99999999999999999999", "/fraud?rule=selfish"):
        assert browser.get(path).status_code == 200, path
    assert browser.get("/fraud/999999").status_code == 404
    assert browser.get("/fraud/99999999999999999999999").status_code == 404
    browser.get("/fraud")
    assert browser.post("/fraud/999999/confirm", {"words": "x"}).status_code == 404


def test_the_queue_speaks_english(room: Room) -> None:
    self_referral(room, rewarded(room))
    page = room.browser("admin", language="en").get("/fraud").text
    assert "Buyer and referrer share: phone number." in page
