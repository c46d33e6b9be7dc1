"""An order's own page: what is due and why, paid by hand or by WeChat Pay without JavaScript, and the pick-up code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import member_links
from storage import orders
from tests.payments.wechat_server import APIV3, APPID, MCHID, PUBLIC_KEY_ID, SERIAL, WechatServer, private_pem
from tests.web.place import Place
from tests.web_drops.conftest import Market, Visitor

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def ordered(market: Market, count: int = 2) -> tuple[Visitor, str, str]:
    """A visitor with an order: the visitor, the order's id, and its pay link's path."""
    visitor = market.visitor()
    assert visitor.joins("小王爷", count).status_code == 303
    order_id = market.orders()[-1].id
    return visitor, order_id, f"/pay/{member_links.pay_token(market.place.settings.secret(), order_id)}"


def test_the_page_explains_the_price_and_how_to_pay_by_hand(make_place: Callable[..., Place], tmp_path: Path) -> None:
    picture = tmp_path / "code.png"
    picture.write_bytes(PNG)
    place = make_place(pay_words="微信转给店长阿芳 <b>", pay_picture=picture)
    market = Market(place, pays="before")
    visitor, order_id, link = ordered(market)
    for page in (visitor.get(f"/orders/{order_id}").text, market.visitor().client.get(link).text):
        for words in ("应付", "¥</span>59.8", "平时价", "¥79.8", "团购优惠", "−¥20", "微信转给店长阿芳 &lt;b&gt;", "/pay/picture", "名额保留到"):
            assert words in page, words
        assert "取货码" not in page
    assert market.visitor().client.get("/pay/picture").content == PNG
    market.pays(order_id, 5980)
    page = visitor.client.get(link).text
    assert "已付款，谢谢" in page
    assert "应付" not in page


@pytest.mark.parametrize("spoilt", ["x", "", "ord_aaaaaaaaaaaa.AAAAAAAAAAAAAAAAAAAAAA", "..%2f..", "ord_a.b.c"])
def test_a_link_we_did_not_make_shows_nothing(place: Place, spoilt: str) -> None:
    market = Market(place)
    _, order_id, link = ordered(market)
    stranger = market.visitor().client
    assert stranger.get(f"/pay/{spoilt}").status_code == 404
    assert stranger.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404
    assert order_id not in stranger.get(f"/d/{market.code}/orders").text


def test_my_orders_are_those_of_this_browser(place: Place) -> None:
    market = Market(place)
    visitor, order_id, _ = ordered(market)
    assert f"/d/{market.code}/orders" in visitor.get().text
    page = visitor.get("/orders").text
    assert f"/d/{market.code}/orders/{order_id}" in page
    assert "待付 ¥59.8" in page
    assert "还没有订单" in market.visitor().get("/orders").text


def test_a_confirmed_order_shows_its_pickup_code_until_it_is_received(place: Place) -> None:
    market = Market(place)
    visitor, order_id, link = ordered(market)
    code = member_links.pickup_code(place.settings.secret(), order_id)
    page = visitor.client.get(link).text
    assert f"{code[:3]} {code[3:]}" in page
    assert 'class="qr"' in page
    with place.database.write() as session:
        orders.change(session, [order_id], orders.ALIVE, status=orders.RECEIVED)
    assert "取货码" not in visitor.client.get(link).text


@pytest.fixture
def far_side() -> Iterator[WechatServer]:
    made = WechatServer(lambda: None, has_public_key=True)  # type: ignore[arg-type,return-value]
    yield made
    made.stop()


@pytest.fixture
def paid_by_wechat(make_place: Callable[..., Place], far_side: WechatServer, tmp_path: Path) -> Market:
    """A drop at a place with WeChat Pay."""
    key, public = tmp_path / "key.pem", tmp_path / "public.pem"
    key.write_text(private_pem(far_side.merchant_key))
    public.write_text(far_side.public_pem())
    place = make_place(
        wechat_pay_mchid=MCHID, wechat_pay_appid=APPID, wechat_pay_key_file=key, wechat_pay_serial=SERIAL,
        wechat_pay_apiv3_key=APIV3, wechat_pay_public_key_file=public, wechat_pay_public_key_id=PUBLIC_KEY_ID,
        wechat_pay_api=far_side.url,
    )
    far_side.now = place.operator.now
    return Market(place, pays="before")


def test_wechat_pay_shows_a_code_and_the_page_turns_to_paid(paid_by_wechat: Market, far_side: WechatServer) -> None:
    market = paid_by_wechat
    visitor, order_id, link = ordered(market)
    page = visitor.get(f"/orders/{order_id}")
    assert 'value="native"' in page.text
    assert "form-action 'self' https://wx.tenpay.com" in page.headers["content-security-policy"]
    answer = visitor.client.post(link, data={"way": "native"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}?way=native")
    page = visitor.client.get(f"{link}?way=native").text
    assert 'class="qr"' in page
    assert 'http-equiv="refresh"' in page
    (number,) = far_side.sales
    far_side.member_pays(number)
    headers, body = far_side.notice(far_side.told(number))
    assert visitor.client.post("/pay/wechat/notify", content=body, headers=headers).status_code == 200
    page = visitor.client.get(f"{link}?way=native").text
    assert "已付款，谢谢" in page
    assert 'http-equiv="refresh"' not in page
    assert visitor.client.post(link, data={"way": "native"}).headers["location"] == link
    assert len(far_side.sales) == 1


def test_a_browser_is_sent_to_wechat_and_back_and_the_app_gets_its_call(paid_by_wechat: Market) -> None:
    visitor, _, link = ordered(paid_by_wechat)
    answer = visitor.client.post(link, data={"way": "h5"})
    assert answer.status_code == 303
    assert re.search(r"[?&]redirect_url=http.*%2Fpay%2Ford_", answer.headers["location"])
    assert answer.headers["referrer-policy"] == "origin"
    wechat = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0"}
    page = visitor.client.get(f"{link}?openid=o-1", headers=wechat).text
    assert 'value="jsapi"' in page
    page = visitor.client.post(link, data={"way": "jsapi", "openid": "o-1"}, headers=wechat).text
    assert "prepay_id=" in page
    call = visitor.client.post(link, data={"way": "jsapi", "openid": "o-1"}, headers={"Accept": "application/json"}).json()
    assert set(call) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}


def test_what_cannot_be_paid_now_is_told(paid_by_wechat: Market, far_side: WechatServer) -> None:
    market = paid_by_wechat
    visitor, order_id, link = ordered(market)
    assert visitor.client.post(link, data={"way": "jsapi"}).status_code == 422
    assert visitor.client.post(link, data={"way": "native"}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert visitor.client.post(link, content=b"x" * 5_000, headers={"Content-Type": "text/plain"}).status_code == 400
    far_side.stop()
    answer = visitor.client.post(link, data={"way": "native"})
    assert (answer.status_code, "微信支付暂时打不开" in answer.text) == (503, True)
    assert [visitor.client.post(link, data={"way": "x"}).status_code for _ in range(12)][-1] == 429
    with market.place.database.read() as session:
        assert orders.get(session, order_id).placed_at > market.place.operator.now() - timedelta(minutes=5)
