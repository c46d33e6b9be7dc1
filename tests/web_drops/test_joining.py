"""Joining on a drop's page without JavaScript: by a nickname, as a member, in a team, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.trading import DropClosingDue
from storage import groups, orders
from storage.outbox import Saying
from tests.web.place import PATIENCE, Place
from tests.web_drops.conftest import Market


def test_a_visitor_joins_in_two_steps_and_reads_how_to_pay(place: Place) -> None:
    market = Market(place)
    visitor = market.visitor()
    answer = visitor.joins("小王爷", 2)
    assert answer.status_code == 303
    page = visitor.client.get(answer.headers["location"]).text
    (order,) = market.orders()
    assert (order.member_name, order.total_fen, order.source) == ("小王爷", 5980, "page")
    assert order.id in page
    assert f"取货时付款，到时报订单号后四位 {order.id[-4:].upper()}。" in page
    assert "南门驿站" in page
    assert place.present(market.group_id) == ["小王爷"]
    assert "以「小王爷」参团" in visitor.get("/join").text


def test_an_order_is_shown_to_nobody_else(place: Place) -> None:
    market = Market(place)
    market.visitor().joins("小王爷")
    (order,) = market.orders()
    assert market.visitor().get(f"/orders/{order.id}").status_code == 404
    stranger = market.visitor()
    stranger.joins("李四")
    assert stranger.get(f"/orders/{order.id}").status_code == 404


def test_pressing_twice_is_one_order_and_a_fresh_page_is_another(place: Place) -> None:
    market = Market(place)
    visitor = market.visitor()
    form = visitor.form(nickname="小王爷")
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: visitor.post(form), range(2)))
    assert {one.headers["location"] for one in answers} == {f"/d/{market.code}/orders/{market.orders()[0].id}"}
    with place.database.read() as session:
        (line,) = orders.find_lines(session, [market.orders()[0].id])[market.orders()[0].id]
    assert line.quantity == 1
    visitor.joins(count=2)
    with place.database.read() as session:
        (line,) = orders.find_lines(session, [market.orders()[0].id])[market.orders()[0].id]
    assert line.quantity == 3


def test_the_member_of_a_chat_token_needs_no_nickname(place: Place) -> None:
    market = Market(place)
    first = market.visitor()
    first.joins("小王爷")
    token = first.client.cookies["tuan_member"]
    assert market.visitor().joins("", token=token).status_code == 303
    assert len({one.member_id for one in market.orders()}) == 1


def test_teams_are_opened_joined_by_their_link_and_formed(place: Place) -> None:
    market = Market(place, "team", team_size=2)
    first, second = market.visitor(), market.visitor()
    answer = first.joins("小王爷", team="new")
    page = first.client.get(answer.headers["location"]).text
    assert "还差 1 人" in page
    assert page.count("?team=") == 1
    code = page.partition("?team=")[2][:5]
    assert f'value="{code}" checked' in second.get(f"/join?team={code}").text
    answer = second.joins("李四", team=code)
    assert "已成团" in second.client.get(answer.headers["location"]).text
    late = market.visitor().joins("赵六", team=code)
    assert (late.status_code, "这个团已经" in late.text) == (409, True)


def test_a_drop_for_everybody_makes_a_member_of_no_group(place: Place) -> None:
    market = Market(place, groups=[])
    assert market.visitor().joins("小王爷").status_code == 303
    (order,) = market.orders()
    assert order.group_id is None
    with place.database.read() as session:
        assert groups.find_memberships_of(session, order.member_id) == []


def test_a_drop_for_groups_elsewhere_tells_the_word_to_say(place: Place) -> None:
    market = Market(place, groups=[])
    with place.database.write() as session:
        row = {"id": "stage:g", "channel": "stage", "code": "g", "name": "别处", "topic": "", "language": "zh", "speaks": "all",
               "is_welcoming": False, "created_at": place.operator.now()}  # fmt: skip
        row["speaks"] = groups.SPEAK_CONFIDENT
        groups.insert_once(session, [row])
        session.connection().exec_driver_sql(f"insert into drop_groups (drop_id, group_id) values ('{market.id}', 'stage:g')")
    assert f"参团 {market.code}" in market.visitor().get("/join").text


@pytest.mark.parametrize(
    ("written", "status", "words"),
    [
        ({"count": "0"}, 422, "份数不太对"), ({"count": "-3"}, 422, "份数不太对"), ({"count": "1e3"}, 422, "份数不太对"),
        ({"count": "9" * 40}, 422, "份数不太对"), ({"count": "41"}, 409, "剩下的不够了"), ({"offer": "Z"}, 422, "没有这个规格"),
        ({"nickname": " \u200b "}, 422, "请填一个称呼"), ({"nickname": "小团客服"}, 422, "留给客服"), ({"ask": "made.up"}, 409, "过期"),
    ],
)  # fmt: skip
def test_what_is_written_wrong_is_told_and_nothing_is_ordered(
    place: Place, written: dict[str, str], status: int, words: str
) -> None:
    market = Market(place)
    visitor = market.visitor()
    answer = visitor.post(visitor.form(nickname="小王爷") | written)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert market.orders() == []


def test_forms_of_other_sites_and_pages_of_other_browsers_are_refused(place: Place) -> None:
    market = Market(place)
    visitor, other = market.visitor(), market.visitor()
    form = visitor.form(nickname="小王爷")
    assert visitor.post(form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert visitor.post(form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert "过期" in other.post(form).text
    assert visitor.post(form | {"nickname": "王" * 5000}).status_code == 413
    assert visitor.client.post(f"/d/{market.code}/join", json=form).status_code == 415
    assert visitor.post({f"f{number}": "1" for number in range(50)}).status_code == 400
    assert market.orders() == []


def test_one_browser_cannot_flood(place: Place) -> None:
    market = Market(place)
    visitor = market.visitor()
    visitor.joins("小王爷")
    forms = [visitor.form() for _ in range(15)]
    with ThreadPoolExecutor(8) as crowd:
        statuses = list(crowd.map(lambda form: visitor.post(form).status_code, forms))
    # Ten at once, and one more for every three seconds that a busy machine takes for them.
    assert 9 <= statuses.count(303) < 15
    assert statuses.count(303) + statuses.count(429) == 15


def test_a_drop_that_closes_while_members_join_takes_every_join_or_refuses_it(place: Place) -> None:
    market = Market(place)
    visitors = [market.visitor() for _ in range(12)]
    forms = [one.form(nickname=f"邻居{number}") for number, one in enumerate(visitors)]
    with ThreadPoolExecutor(8) as crowd:
        waiting = [crowd.submit(one.post, form) for one, form in zip(visitors[:6], forms[:6], strict=True)]
        closing = place.operator.dispatcher.submit(market.event(DropClosingDue, drop_id=market.id, is_early=True))
        waiting += [crowd.submit(one.post, form) for one, form in zip(visitors[6:], forms[6:], strict=True)]
        closing.result(timeout=PATIENCE)
        answers = [one.result(timeout=PATIENCE) for one in waiting]
    kept = [one for one in answers if one.status_code == 303]
    assert {one.status_code for one in answers} <= {303, 409}
    assert len(market.orders()) == len(kept)
    assert all("现在不能参加了" in one.text for one in answers if one.status_code == 409)
    assert market.visitor().get("/join").text.count('name="ask"') == 0


def test_the_announcement_in_the_group_tells_the_pages_address(place: Place) -> None:
    market = Market(place)
    with place.database.read() as session:
        said = [row.body for row in session.query(Saying) if row.conversation == market.group_id]
    assert any(f"{place.settings.public_url}/d/{market.code}" in str(body) for body in said)


def test_several_choices_are_one_order(place: Place) -> None:
    market = Market(place, names=("奶油草莓", "车厘子", "蓝莓"))
    visitor = market.visitor()
    assert 'name="n_C"' in visitor.get("/join").text
    form = {name: value for name, value in visitor.form(nickname="小王爷").items() if name not in ("offer", "count")}
    answer = visitor.post(form | {"n_A": "0", "n_B": "2", "n_C": ""})
    assert answer.status_code == 303
    visitor.post({name: value for name, value in visitor.form().items() if name == "ask"} | {"n_A": "1", "n_B": "1"})
    (order,) = market.orders()
    with place.database.read() as session:
        lines = orders.find_lines(session, [order.id])[order.id]
    assert {line.sku_id: line.quantity for line in lines} == {market.skus[0]: 1, market.skus[1]: 3}


@pytest.mark.parametrize(
    ("counts", "words"),
    [({"n_A": "0", "n_B": "0"}, "份数不太对"), ({"n_A": "-1", "n_B": "2"}, "份数不太对"), ({"n_A": "1", "n_Z": "1"}, "没有这个规格"),
     ({"n_A": "1.5"}, "份数不太对"), ({"n_A": "1000"}, "份数不太对"), ({"n_A": "1", "n_B": "41"}, "剩下的不够了")],
)  # fmt: skip
def test_one_odd_count_among_several_orders_nothing(place: Place, counts: dict[str, str], words: str) -> None:
    market = Market(place, names=("奶油草莓", "车厘子"))
    visitor = market.visitor()
    assert words in visitor.post({"ask": visitor.form()["ask"], "nickname": "小王爷"} | counts).text
    assert market.orders() == []
