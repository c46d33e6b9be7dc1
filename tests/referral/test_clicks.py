"""The click road: where a link leads, what is counted, and what is nobody's visit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from bot.agents import judge
from bot.referral_targets import is_allowed
from bot.visitor_ids import VisitorIds
from storage import drops, referral_links
from storage.clicks import BOT, COUNTED, FLOOD, PREVIEW
from tests.referral.conftest import PHONE, Road
from tests.web_drops.conftest import Market

LINK_PREVIEW = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"


def test_a_link_leads_to_its_group_and_the_visit_is_kept(road: Road) -> None:
    link = road.link()
    answer = road.browser().get(f"/r/{link.code}")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/g/garden?via={link.code}")
    assert answer.headers["cache-control"] == "no-store"
    (row,) = road.clicks(link, 1)
    assert (row.verdict, row.times, row.agent) == (COUNTED, 1, "wechat")
    assert re.fullmatch("[0-9a-f]{12}", row.address_digest)
    (touch,) = road.touches(link)
    assert (touch.kind, touch.referrer_id, touch.visitor_id, touch.group_id) == ("click", "web:m_小王", row.visitor_id, road.group_id)


def test_each_kind_of_link_leads_to_its_page(road: Road) -> None:
    market = Market(road.place)
    product_id = market.skus[0].removesuffix("-1")
    targets = {
        road.link(kind=referral_links.DROP, target=market.id): f"/d/{market.code}",
        road.link(kind=referral_links.PRODUCT, target=product_id): f"/p/{product_id}",
        road.link(kind=referral_links.SHOP, target=""): "/",
        road.link(kind=referral_links.DROP, target="drp_gone"): "/",
    }
    with road.browser() as phone:
        for link, path in targets.items():
            address = phone.get(f"/r/{link.code}?lang=en").headers["location"]
            assert address == f"{path}?via={link.code}&lang=en"
            assert phone.get(address).status_code == 200
    page = road.browser().get(f"/p/{product_id}?via=ABCDEFGH").text
    assert f'href="/d/{market.code}?via=ABCDEFGH"' in page
    assert road.browser().get("/p/none").status_code == 404


def test_one_visitor_is_counted_once_an_hour_and_link(road: Road) -> None:
    link, other = road.link(), road.link("老张")
    with road.browser() as phone:
        for _ in range(5):
            phone.get(f"/r/{link.code}")
        phone.get(f"/r/{other.code}")
    (row,) = road.clicks(link, 5)
    assert row.times == 5
    assert len(road.touches(link)) == 1
    assert road.clicks(other, 1)[0].visitor_id == row.visitor_id
    road.browser().get(f"/r/{link.code}")
    assert len(road.clicks(link, 6)) == 2


def test_without_cookies_it_still_works(road: Road) -> None:
    link = road.link()
    for _ in range(3):
        assert road.browser().get(f"/r/{link.code}").status_code == 302
    assert len({row.visitor_id for row in road.clicks(link, 3)}) == 3


@pytest.mark.parametrize("raw", ["AAAA2222", "aaaa2222", "7Q2K", "0OI1lL00", "%E9%93%BE%E6%8E%A5", "x" * 300, "ABCD234", "%00"])
def test_codes_nobody_has_get_a_page_that_helps(road: Road, raw: str) -> None:
    answer = road.browser().get(f"/r/{raw}")
    assert answer.status_code == 404
    assert "没有找到这个链接" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_near_miss_tells_nothing(road: Road) -> None:
    link = road.link()
    near = link.code[:-1] + ("A" if link.code[-1] != "A" else "B")
    far = "ZZZZ9999"
    pages = [road.browser().get(f"/r/{code}") for code in (near, far)]
    assert pages[0].text == pages[1].text
    assert link.code not in pages[0].text
    assert road.browser().get(f"/r/{link.code.lower()}").status_code == 302


def test_a_link_that_is_over_still_shows_the_way_in_nobodys_name(road: Road) -> None:
    expired, paused = road.link(), road.link("老张")
    phone = road.browser()
    assert phone.get(f"/r/{paused.code}").status_code == 302
    road.expire(expired)
    road.pause(paused)
    for link in (expired, paused):
        answer = phone.get(f"/r/{link.code}")
        assert answer.status_code == 410
        assert 'href="/g/garden"' in answer.text
        assert link.code not in answer.text
    assert len(road.clicks(expired)) == 0
    assert len(road.clicks(paused, 1)) == 1


def test_a_link_expires_while_it_is_in_memory(road: Road) -> None:
    link = road.link()
    road.change(referral_links.set_expiry, link.id, road.now() + timedelta(seconds=0.4))
    phone = road.browser()
    answers = {phone.get(f"/r/{link.code}").status_code for _ in iter(lambda: phone.get(f"/r/{link.code}").status_code, 410)}
    assert answers <= {302, 410}
    assert phone.get(f"/r/{link.code}").status_code == 410


def test_nobody_is_sent_to_a_strangers_site(road: Road) -> None:
    link = road.link()
    for query in ("to=https://evil.example", "url=//evil.example", "next=%2F%2Fevil.example", "lang=https://evil.example"):
        address = road.browser().get(f"/r/{link.code}?{query}").headers["location"]
        assert address == f"/g/garden?via={link.code}"
        assert urlsplit(address).netloc == ""


@pytest.mark.parametrize("address", [
    "https://evil.example/x", "//evil.example", "/\\evil.example", "http://shop.example/", "javascript:alert(1)", "/g/../../etc",
    "/d/a\nb", "/d/x#https://evil", "/console", "https://shop.example.evil.example/", "https://user@shop.example/", "/r/abc/join", "",
])
def test_targets_outside_the_list_are_refused(address: str) -> None:
    assert not is_allowed(address, {"shop.example"}) or address == ""


@pytest.mark.parametrize("address", ["/", "/d/7Q2K", "/g/garden?via=7Q2K7Q2K", "/p/berry-1", "/r/7Q2K7Q2K/join", "https://shop.example/x"])
def test_targets_of_ours_are_allowed(address: str) -> None:
    assert is_allowed(address, {"shop.example"})
    assert is_allowed(address) is address.startswith("/")


def test_robots_previews_and_pages_asked_for_beforehand_are_not_visits(road: Road) -> None:
    link = road.link()
    for agent in ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "curl/8.5", "", LINK_PREVIEW):
        answer = road.browser(agent).get(f"/r/{link.code}")
        assert answer.status_code == 302
        assert "set-cookie" not in answer.headers
    phone = road.browser()
    phone.get(f"/r/{link.code}", headers={"Sec-Purpose": "prefetch;prerender"})
    phone.get(f"/r/{link.code}", headers={"Sec-Fetch-Dest": "image"})
    phone.head(f"/r/{link.code}")
    seen = {(row.verdict, row.visitor_id): row.times for row in road.clicks(link, 7)}
    assert seen == {
        (BOT, "bot:spider"): 1, (BOT, "bot:curl"): 1, (BOT, "bot:nameless"): 1, (PREVIEW, "preview:facebookexternalhit"): 1,
        (PREVIEW, "preview:prefetch"): 3,
    }
    assert road.touches(link) == []


@pytest.mark.parametrize(("agent", "verdict"), [
    (PHONE, COUNTED), ("Mozilla/5.0 (Linux; Android 11; CUBOT X50) Chrome/120 Mobile Safari/537.36", COUNTED),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 DingTalk/7.5", COUNTED),
    ("DingTalkBot-LinkService/1.0 (+https://open-doc.dingtalk.com)", PREVIEW), ("WhatsApp/2.23.20 A", PREVIEW),
    ("TelegramBot (like TwitterBot)", PREVIEW), ("Synapse/1.105 (b=matrix)", PREVIEW), ("Slackbot-LinkExpanding 1.0", PREVIEW),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", BOT), ("python-requests/2.32", BOT),
    ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0", BOT), ("SomeNewBot/0.1", BOT), ("   ", BOT),
    ("Mozilla/5.0 (Macintosh) Version/17.4 Safari/605.1.15", COUNTED),
])
def test_agents_are_told_apart(agent: str, verdict: str) -> None:
    assert judge(agent)[0] == verdict


def test_a_flood_from_one_address_is_counted_as_one(road: Road) -> None:
    link = road.link()
    redirects = road.browser()
    until = 620
    for _ in range(until):
        redirects.cookies.clear()
        assert redirects.get(f"/r/{link.code}").status_code == 302
    rows = road.clicks(link, until)
    (flood,) = [row for row in rows if row.verdict == FLOOD]
    assert flood.times >= 1
    assert sum(row.times for row in rows) == until
    assert len(road.touches(link)) == until - flood.times


def test_a_visitor_id_made_up_elsewhere_is_not_taken(road: Road) -> None:
    link = road.link()
    forged = ["v_aaaaaaaaaaaaaaaa", "v_aaaaaaaaaaaaaaaa.000000000000", "no.x", "../../x", "v_" + "a" * 60, "'; drop table clicks"]
    for cookie in forged:
        answer = road.browser(Cookie=f"other=1; tuan_ref={cookie}").get(f"/r/{link.code}")
        assert answer.status_code == 302
    assert "v_aaaaaaaaaaaaaaaa" not in {row.visitor_id for row in road.clicks(link, len(forged))}


def test_a_visitor_id_of_ours_is_known_again_and_another_shops_is_not() -> None:
    ids, others = VisitorIds("secret", True), VisitorIds("other", True)
    cookie = ids.cookie(own := ids.new())
    assert b"Secure" in cookie
    assert b"HttpOnly" in cookie
    value = cookie.split(b";")[0]
    assert ids.find(b"a=b; " + value) == (own, False)
    assert others.find(value) == ("", False)
    assert ids.find(ids.refusal().split(b";")[0]) == ("", True)


def test_consent_is_asked_first_where_the_shop_wants_that(make_road: Callable[..., Road]) -> None:
    road = make_road(visitor_consent="ask")
    link = road.link()
    with road.browser() as phone:
        page = phone.get(f"/r/{link.code}")
        assert page.status_code == 200
        assert "同意并打开" in page.text
        assert "set-cookie" not in page.headers
        assert road.clicks(link) == []
        answer = phone.post(f"/r/{link.code}", data={"answer": "no"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/g/garden?via={link.code}")
        assert phone.get(f"/r/{link.code}").status_code == 302
    assert len({row.visitor_id for row in road.clicks(link, 2)}) == 2
    with road.browser() as phone:
        phone.post(f"/r/{link.code}", data={"answer": "yes"})
        phone.get(f"/r/{link.code}")
    assert max(row.times for row in road.clicks(link, 4)) == 2
    assert road.browser(LINK_PREVIEW).get(f"/r/{link.code}").status_code == 302
    stranger = road.browser(**{"Sec-Fetch-Site": "cross-site"})
    assert stranger.post(f"/r/{link.code}", data={"answer": "yes"}).status_code == 403


def test_a_visitor_can_be_forgotten(road: Road) -> None:
    link = road.link()
    with road.browser() as phone:
        phone.get(f"/r/{link.code}")
        assert "你的浏览器里现在有这个编号" in phone.get("/r/about").text
        assert phone.post("/r/about").status_code == 303
        assert "你已选择不被记住" in phone.get("/r/about").text
        phone.get(f"/r/{link.code}")
        phone.get(f"/r/{link.code}")
    assert sorted(row.times for row in road.clicks(link, 3)) == [1, 1, 1]


def test_a_link_of_something_gone_leads_home(road: Road) -> None:
    market = Market(road.place, is_open=False)
    link = road.link(kind=referral_links.DROP, target=market.id)
    answer = road.browser().get(f"/r/{link.code}")
    assert urlsplit(answer.headers["location"]).path == f"/d/{market.code}"
    with road.place.database.read() as session:
        assert drops.get(session, market.id).status == drops.DRAFT
