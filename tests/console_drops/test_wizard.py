"""Scenes at the drop wizard: from a kind to an open drop, and every slip told in plain words."""

from __future__ import annotations

import pytest

from storage import drops
from tests.console.conftest import Room
from tests.console_drops.conftest import FORM, draft, stall, status_of


def test_a_drop_is_written_checked_and_opened(room: Room) -> None:
    browser = room.browser("manager")
    drop_id = draft(room, browser)
    assert "每人" not in browser.page
    assert "共 20 份" in browser.page
    assert "开团啦：草莓秒杀" in browser.page
    assert status_of(room, drop_id) == drops.DRAFT
    browser.post(f"/drops/{drop_id}/open")
    room.stage.settle()
    assert status_of(room, drop_id) == drops.OPEN
    assert any("开团啦：草莓秒杀" in row.text for row in room.stage.outbox())


def test_each_page_goes_on_only_when_it_is_right(room: Room) -> None:
    browser = room.browser("manager")
    sku = room.stage.sells("奶油草莓", 3990, 50) + "-1"
    browser.get("/drops/new")
    assert "请给活动起个名字" in browser.post("/drops/new", {"page": "1", "do": "next", "kind": "flash"}).text
    page = browser.post("/drops/new", {"page": "1", "do": "next", "kind": "flash", "title": "草莓团"}).text
    assert f"add:{sku}" in page
    page = browser.post("/drops/new", {"page": "2", "do": f"add:{sku}", "kind": "flash", "title": "草莓团"}).text
    assert 'name="price" value="39.90"' in page
    assert "秒杀要写限量多少份" in browser.post("/drops/new", FORM | {"page": "2", "do": "next", "sku": sku, "limit": ""}).text


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ({"price": "29.999"}, "最多两位小数"), ({"price": "-3"}, "最多两位小数"), ({"limit": "-5"}, "限量是 1 到"),
        ({"limit": "99999999"}, "限量是 1 到"), ({"opens_at": "2030-01-02T10:00", "closes_at": "2030-01-02T09:00"}, "截止要晚于开始"),
        ({"closes_at": "2001-01-01T09:00"}, "截止时间已经过了"), ({"per_member": "0"}, "1 到 999"), ({"sku": "nothing-1"}, "店里没有这个规格"),
        ({"kind": "group", "goal": "1"}, "2 到 100000"), ({"kind": "team"}, "2 到 100"), ({"kind": "tier", "steps": "10 99"}, "第1行"),
        ({"kind": "tier", "steps": ""}, "至少写一行"), ({"kind": "threshold", "steps": "10 20"}, "第1行"),
        ({"kind": "bargain", "steps": "3\n-1"}, "第2行"), ({"kind": "presale"}, "定金要大于 0"), ({"kind": "casino"}, "请选择一项"),
    ],
)
def test_a_slip_is_told_beside_its_field_and_nothing_is_kept(room: Room, slip: dict[str, str], told: str) -> None:
    browser = room.browser("manager")
    sku = room.stage.sells("奶油草莓", 3990, 50) + "-1"
    browser.get("/drops/new")
    answer = browser.post("/drops/new", FORM | {"sku": sku} | slip)
    assert answer.status_code == 422
    assert told in answer.text
    assert "还没有团购" in browser.get("/drops").text


def test_a_price_above_the_usual_one_is_a_warning_only(room: Room) -> None:
    browser = room.browser("manager")
    sku = room.stage.sells("奶油草莓", 3990, 50) + "-1"
    browser.get("/drops/new")
    assert "比平时还贵" in browser.post("/drops/new", FORM | {"page": "2", "do": "find", "sku": sku, "price": "49"}).text
    assert browser.post("/drops/new", FORM | {"sku": sku, "price": "49"}).url.path.startswith("/console/drops/drp_")


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"kind": "group", "goal": "30"}, "全群满 30 人"), ({"kind": "team", "team_size": "3"}, "3 人成团"),
        ({"kind": "tier", "steps": "10 25.9\n20 22"}, "满 20 人"), ({"kind": "threshold", "steps": "满99减10"}, "减 ¥10"),
        ({"kind": "bargain", "steps": "5\n3", "floor": "9.9"}, "第 2 位帮砍"),
        ({"kind": "presale", "deposit": "5", "balance_due_at": "2030-01-05T12:00", "closes_at": "2030-01-02T12:00"}, "尾款请在"),
    ],
)
def test_every_kind_can_be_written_and_its_rules_are_shown(room: Room, more: dict[str, str], rule: str) -> None:
    browser = room.browser("manager")
    drop_id = draft(room, browser, **more)
    assert rule in browser.page
    browser.get(f"/drops/{drop_id}/edit")
    answer = browser.post(f"/drops/{drop_id}/edit", {"page": "1", "do": "next", **FORM, **more, "title": ""})
    assert answer.status_code == 422
    browser.get(f"/drops/new?copy={drop_id}")
    assert "草莓秒杀" in browser.page


def test_a_draft_is_edited_and_scheduled_but_never_once_it_is_open(room: Room) -> None:
    browser = room.browser("manager")
    drop_id = draft(room, browser, opens_at="2030-01-02T10:00")
    with room.stage.database.read() as session:
        sku = drops.find_offers(session, drop_id)[0].sku_id
    browser.get(f"/drops/{drop_id}/edit")
    browser.post(f"/drops/{drop_id}/edit", FORM | {"sku": sku, "title": "改名了", "opens_at": "2030-01-02T10:00", "limit": "7"})
    assert "改名了" in browser.page
    browser.post(f"/drops/{drop_id}/schedule")
    assert status_of(room, drop_id) == drops.SCHEDULED
    browser.post(f"/drops/{drop_id}/open")
    browser.post(f"/drops/{drop_id}/edit", FORM | {"sku": sku, "title": "偷偷改"})
    assert "不能再改规则" in browser.page
    assert "偷偷改" not in browser.get("/drops").text


def test_who_may_only_look_can_write_no_drop(room: Room) -> None:
    browser = room.browser("viewer")
    assert browser.get("/drops").status_code == 200
    assert browser.get("/drops/new").status_code == 403
    assert browser.post("/drops/new", FORM).status_code == 403


def test_the_desk_reads_in_english(room: Room) -> None:
    browser = room.browser("manager", language="en")
    drop_id = draft(room, browser)
    of_drop = [f"/drops/{drop_id}{more}" for more in ("", "/picks", "/pickups", "/edit")]
    for path in ("/drops", "/orders", "/stock", *of_drop):
        assert browser.get(path).status_code == 200, path
    assert "Left to sell" in browser.get("/stock").text


def test_a_threshold_is_advised_from_real_orders_and_says_how_many(room: Room) -> None:
    browser = room.browser("manager")
    sku = room.stage.sells("奶油草莓", 3990, 50) + "-1"
    asked = FORM | {"kind": "threshold", "sku": sku, "page": "2", "do": "next", "steps": ""}
    browser.get("/drops/new")
    assert "给不出门槛建议" in browser.post("/drops/new", asked).text
    drop = stall(room)
    for who, count in (("小王", 1), ("李四", 2), ("张三", 3)):
        drop.pay(drop.join(who, count))
    drop.join("没付的", 9)
    page = browser.post("/drops/new", asked).text
    assert "建议门槛 ¥72 到 ¥90：近 90 天 3 个付过款的订单，平均每单 ¥59.8" in page
    assert "只供参考" in page
