"""From a link to a member: into a web group, onto a drop's page, with and without cookies, and posters of links."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import httpx
from PIL import Image

from storage import groups, identities, members, referral_links, touches, wecom
from storage.base import AnyRow
from tests.referral.conftest import PHONE, Road
from tests.web_drops.conftest import Market, Visitor


def of_member(road: Road, name: str) -> list[AnyRow]:
    """What touched the member of this name, oldest first."""
    now = road.now()
    with road.place.database.read() as session:
        known = members.search(session, name)
        if not known:
            return []
        person = identities.everyone_of(session, known[0].id)
        return touches.find_for(session, person.member_ids, person.visitor_ids, now, now - timedelta(days=30))


def enters(road: Road, name: str, **hello: str) -> None:
    async def enter() -> None:
        async with road.place.member(name, **hello):
            await asyncio.sleep(0)

    asyncio.run(enter())


def phone_of(market: Market) -> Visitor:
    visitor = market.visitor()
    visitor.client.headers["User-Agent"] = PHONE
    return visitor


def test_a_link_into_a_group_is_told_on_the_page_and_kept_with_the_join(road: Road) -> None:
    link = road.link("小王")
    with road.browser() as phone:
        page = phone.get(phone.get(f"/r/{link.code}").headers["location"]).text
    assert f'data-via="{link.code}"' in page
    assert "<strong>小王</strong> 邀请你加入" in page
    enters(road, "李四", via=link.code)
    (touch,) = of_member(road, "李四")
    assert (touch.kind, touch.referrer_id, touch.link_id) == ("join", "web:m_小王", link.id)
    (joined,) = road.place.log("MemberJoined")
    assert link.code in (joined.detail or "")


def test_a_group_by_a_code_nobody_has_is_just_a_group(road: Road) -> None:
    assert "邀请你加入" not in road.browser().get("/g/garden?via=ABCDEFGH").text
    assert road.browser().get("/g/garden?via=%3Cscript%3E").status_code == 200
    enters(road, "李四", via="ABCDEFGH")
    assert of_member(road, "李四") == []
    paused = road.link("小王")
    road.change(referral_links.pause, paused.id, road.now())
    enters(road, "赵六", via=paused.code)
    assert of_member(road, "赵六") == []


def test_a_visitor_who_came_by_a_link_joins_the_drop(road: Road) -> None:
    market = Market(road.place)
    link = road.link("小王", referral_links.DROP, market.id)
    visitor = phone_of(market)
    visitor.client.get(f"/r/{link.code}")
    road.clicks(link, 1)
    assert visitor.joins("李四").status_code == 303
    seen = of_member(road, "李四")
    assert [(one.kind, one.referrer_id) for one in seen] == [("click", "web:m_小王")]
    (order,) = market.orders()
    assert seen[0].at <= order.placed_at
    visitor.joins(count=2)
    assert len(of_member(road, "李四")) == 1


def test_without_cookies_the_address_says_whose_link_it_was(road: Road) -> None:
    market = Market(road.place)
    link = road.link("小王", referral_links.DROP, market.id)
    visitor = phone_of(market)
    address = visitor.client.get(f"/r/{link.code}").headers["location"]
    visitor.client.cookies.delete("tuan_ref")
    assert address == f"/d/{market.code}?via={link.code}"
    came_from = {"Referer": f"http://{road.place.host}{address}"}
    page = visitor.get("/join", headers=came_from).text
    assert f'name="via" value="{link.code}"' in page
    assert visitor.joins("李四", via=link.code).status_code == 303
    kinds = {(one.kind, one.referrer_id, one.drop_id) for one in of_member(road, "李四")}
    assert kinds == {("join", "web:m_小王", ""), ("page", "web:m_小王", market.id)}


def test_a_referer_of_another_site_and_a_code_of_nobody_say_nothing(road: Road) -> None:
    market = Market(road.place)
    visitor = phone_of(market)
    page = visitor.get("/join", headers={"Referer": "https://evil.example/?via=ABCDEFGH"}).text
    assert 'name="via"' not in page
    assert visitor.joins("李四", via="ABCDEFGH").status_code == 303
    assert visitor.joins(via="'; drop table touches; --").status_code == 303
    assert of_member(road, "李四") == []


def test_ones_own_link_earns_nothing_on_the_page(road: Road) -> None:
    market = Market(road.place)
    visitor = phone_of(market)
    visitor.joins("小王爷")
    (order,) = market.orders()
    visitor.client.post(f"/d/{market.code}/share")
    with road.place.database.read() as session:
        link = referral_links.find_own(session, order.member_id, referral_links.DROP, market.id)
    assert link is not None
    visitor.joins(count=2, via=link.code)
    assert [one for one in of_member(road, "小王爷") if one.kind != "click"] == []


def test_the_share_page_gives_a_member_their_own_link(road: Road) -> None:
    market = Market(road.place)
    visitor = phone_of(market)
    assert "换成我的专属链接" not in visitor.get("/share").text
    visitor.joins("小王爷")
    assert "换成我的专属链接" in visitor.get("/share").text
    plain = visitor.get("/poster.png?lang=zh").content
    assert visitor.client.post(f"/d/{market.code}/share", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert visitor.client.post(f"/d/{market.code}/share").headers["location"] == f"/d/{market.code}/share"
    page = visitor.get("/share").text
    code = page.partition("/r/")[2][:8]
    assert "这是你的专属链接" in page
    assert visitor.client.get(f"/r/{code}").headers["location"] == f"/d/{market.code}?via={code}"
    assert visitor.get(f"/poster.png?lang=zh&via={code}").content != plain
    assert visitor.get("/poster.png?lang=zh&via=ABCDEFGH").content == plain


def test_a_links_poster_is_its_drops_and_leads_by_the_link(road: Road) -> None:
    market = Market(road.place)
    link = road.link("欧阳锋", referral_links.DROP, market.id)
    phone = road.browser()
    answer = phone.get(f"/r/{link.code}/poster.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content != phone.get(f"/d/{market.code}/poster.png").content
    seen = {answer.content}
    for how in (referral_links.MASKED, referral_links.FULL):
        with road.place.database.write() as session:
            referral_links.name_owner(session, referral_links.get(session, link.id), how)
        seen.add(phone.get(f"/r/{link.code}/poster.png").content)
    assert len(seen) == 3
    assert road.clicks(link) == []


def test_every_kind_of_link_has_a_poster(road: Road) -> None:
    market = Market(road.place)
    links = [
        road.link(), road.link(kind=referral_links.SHOP, target=""),
        road.link(kind=referral_links.PRODUCT, target=market.skus[0].removesuffix("-1")), road.link(kind=referral_links.DROP, target="drp_gone"),
    ]
    pictures = [road.browser().get(f"/r/{link.code}/poster.png?lang=en").content for link in links]
    assert len({Image.open(io.BytesIO(one)).tobytes() for one in pictures}) == 4
    assert road.browser().get("/r/ABCDEFGH/poster.png").status_code == 404
    road.change(referral_links.pause, links[0].id, road.now())
    road.forgotten(links[0].code)
    assert road.browser().get(f"/r/{links[0].code}/poster.png").status_code == 410


def test_a_group_on_another_network_says_how_to_join(road: Road) -> None:
    row = {
        "channel": "wecom", "topic": "", "language": "zh", "speaks": groups.SPEAK_OFF, "is_welcoming": False,
        "created_at": road.now(), "account_id": "wecom",
    }
    with road.place.database.write() as session:
        groups.insert_once(session, [row | {"id": "wecom:wr1", "code": "wr1", "name": "水果群"}])
        groups.insert_once(session, [row | {"id": "matrix:!r", "code": "mx", "name": "矩阵群", "channel": "matrix"}])
    link, other = road.link(target="wecom:wr1"), road.link(target="matrix:!r")
    phone = road.browser()
    address = phone.get(f"/r/{link.code}").headers["location"].partition("?")[0]
    assert address == f"/r/{link.code}/join"
    assert "入群二维码正在生成" in phone.get(address).text
    for picture, is_shown in (("https://wework.qpic.cn/wwpic/1/0", True), ("https://evil.example/x.png", False), ("javascript:1", False)):
        with road.place.database.write() as session:
            wecom.save_made(session, "wecom", "join_way", link.code, "cfg", f'{{"qr_code": "{picture}", "chat_ids": []}}', road.now())
        answer = phone.get(address)
        assert (picture in answer.text) is is_shown
        assert "https://wework.qpic.cn" in answer.headers["content-security-policy"]
    assert "要由成员邀请入群" in phone.get(f"/r/{other.code}/join").text
    assert phone.get(f"/r/{road.link(kind=referral_links.SHOP, target='').code}/join").status_code == 404


def test_forms_of_other_sites_are_refused(road: Road) -> None:
    link = road.link()
    stranger = httpx.Client(base_url=f"http://{road.place.host}", headers={"Sec-Fetch-Site": "cross-site"})
    assert stranger.post(f"/r/{link.code}").status_code == 403
    assert stranger.post("/r/about").status_code == 403
    assert road.browser().put(f"/r/{link.code}").status_code == 405
