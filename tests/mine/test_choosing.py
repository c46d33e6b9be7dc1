"""Staying out and being erased: nobody is credited any more, personal fields go, and the books stay whole."""

from __future__ import annotations

from sqlalchemy import select, text

from handlers.rewards import replay
from storage import choices, clicks, commissions, identities, ledger, orders, payments, referral_links, signs, touches
from tests.mine.conftest import Shopfront, choose


def earned(front: Shopfront, order_id: str) -> list[tuple[str, str, int]]:
    with front.stage.database.read() as session:
        return [(row.member_id, row.state, row.amount) for row in commissions.find_of_order(session, order_id) if row.unit == "fen"]


def test_who_stays_out_is_credited_with_nobody_until_they_take_part_again(front: Shopfront) -> None:
    front.brings("小王", "李四")
    before = front.bought("李四")
    client = front.browser("小王")
    assert "你已退出推广" in choose(client, "out").text
    front.brings("小王", "张三")
    assert earned(front, front.bought("李四")) == []
    assert earned(front, front.bought("张三")) == []
    assert earned(front, before) == [("stage:小王", "pending", 299)]
    choose(client, "in")
    front.brings("小王", "赵六")
    assert earned(front, front.bought("赵六")) == [("stage:小王", "pending", 299)]


def test_links_stop_and_come_back(front: Shopfront) -> None:
    front.brings("小王", "李四")
    with front.stage.database.write() as session:
        referral_links.ensure(session, "stage:小王", "shop", "", front.stage.time)
    client = front.browser("小王")
    assert "已停用" in choose(client, "out").text
    assert "已停用" not in choose(client, "in").text


def test_erasing_asks_twice_and_for_what_is_not_paid(front: Shopfront) -> None:
    front.brings("小王", "李四")
    order_id = front.bought("李四")
    client = front.browser("小王")
    assert choose(client, "erase").status_code == 422
    assert "请先勾选" in choose(client, "erase").text
    answer = choose(client, "erase", sure="yes")
    assert answer.status_code == 409
    assert "放弃还没结算的奖励（¥2.99）" in answer.text
    assert earned(front, order_id) == [("stage:小王", "pending", 299)]
    assert "你的信息已删除" in choose(client, "erase", sure="yes", gives_up="yes").text
    assert earned(front, order_id) == [("stage:小王", "rejected", 0)]


def everything(front: Shopfront) -> str:
    """Every text of every table but the log, as one."""
    found = []
    with front.stage.database.read() as session:
        tables = (
            touches.TABLE, clicks.TABLE, identities.TABLE, identities.MERGES, orders.TABLE, signs.TABLE, referral_links.TABLE,
            commissions.TABLE, ledger.TABLE, payments.TABLE,
        )
        for table in tables:
            found += [str(tuple(row)) for row in session.execute(select(table))]
        found += [str(tuple(row)) for row in session.execute(text("select line from attributions"))]
        found += [str(tuple(row)) for row in session.execute(text("select name, note from members where id = 'stage:李四'"))]
    return "\n".join(found)


def came_by_browser(front: Shopfront) -> None:
    """李四 clicked on 小王's link with a browser and is known to be its owner."""
    now, hour = front.stage.time, int(front.stage.time.timestamp()) // 3600
    front.brings("小王", "李四")
    with front.stage.database.write() as session:
        link = referral_links.ensure(session, "stage:小王", "shop", "", now)
        clicks.keep(session, [(link.id, "vis_secret", hour, now, clicks.COUNTED, 1, "wechat", "digest")])
        touches.keep(session, [(f"click:{link.id}:{hour}:vis_secret", "click", "vis_secret", "", "stage:小王", link.id, "", "", "", "", now)])
        identities.add(session, "psn_1", [("member", "stage:李四"), ("visitor", "vis_secret"), ("openid", "wx:oSecret")], "test", now)


def test_erasing_a_buyer_leaves_the_money_and_nothing_that_says_who(front: Shopfront) -> None:
    came_by_browser(front)
    order_id = front.bought("李四", note="13812345678", address="阳光花园3栋2单元501")
    with front.stage.database.write() as session:
        orders.change(session, [order_id], (orders.PAID,), status=orders.RECEIVED, received_at=front.stage.time)
        entries = session.execute(text("select * from ledger_entries order by transfer_id, side")).all()
    before = everything(front)
    assert all(word in before for word in ("vis_secret", "oSecret", "13812345678", "阳光花园", "李四"))
    assert choose(front.browser("李四"), "erase", sure="yes", gives_up="yes").status_code == 200
    after = everything(front)
    for word in ("vis_secret", "oSecret", "13812345678", "阳光花园", "wechat"):
        assert word not in after, word
    with front.stage.database.read() as session:
        order = orders.get(session, order_id)
        assert (order.member_name, order.address, order.note, order.total_fen) == ("已删除", None, "", 2990)
        now = session.execute(text("select * from ledger_entries order by transfer_id, side")).all()
        assert now[: len(entries)] == entries
        assert set(ledger.sum_all(session).values()) == {0}
        assert ledger.count_lopsided(session) == 0
        assert signs.find_of(session, ["stage:李四"], front.stage.time.replace(year=2020)) == {}
    assert earned(front, order_id) == [("stage:小王", "pending", 299)]


def test_what_was_decided_is_made_again_alike_after_an_erasure(front: Shopfront) -> None:
    came_by_browser(front)
    front.bought("李四")
    with front.stage.database.read() as session:
        assert list(replay.replay(session)) == []
    choose(front.browser("李四"), "erase", sure="yes", gives_up="yes")
    with front.stage.database.read() as session:
        assert list(replay.replay(session)) == []


def test_an_order_under_way_keeps_its_address_until_it_is_done(front: Shopfront) -> None:
    front.brings("小王", "李四")
    order_id = front.bought("李四", address="阳光花园3栋2单元501")
    choose(front.browser("李四"), "erase", sure="yes", gives_up="yes")
    with front.stage.database.read() as session:
        assert orders.get(session, order_id).address
    front.drop.refund(order_id)
    with front.stage.database.read() as session:
        assert orders.get(session, order_id).address is None


def test_who_is_erased_stays_so_and_the_page_says_it(front: Shopfront) -> None:
    front.brings("小王", "李四")
    client = front.browser("小王")
    choose(client, "erase", sure="yes")
    assert choose(client, "in").status_code == 409
    assert "你的信息已删除" in client.get("/me/referral").text
    with front.stage.database.read() as session:
        choice = choices.find(session, "stage:小王")
        assert choice is not None
        assert choice.erased_at is not None
