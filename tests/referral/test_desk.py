"""Referral at the desk: links and what came through them, the touch explorer, files, and who is one person."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from bot.referring import ClicksCame
from handlers.referral import people
from storage import identities, members, referral_links, touches
from storage.referral_links import ReferralLink
from tests.console.conftest import Room, room
from tests.referral.test_joins import comes, link_of
from tests.stage import Stage

__all__ = ["room"]


def clicked(stage: Stage, link: ReferralLink, *visitors: str, verdict: str = "counted", times: int = 1) -> None:
    at = stage.time.timestamp()
    rows = tuple((link.id, one, int(at) // 3600, int(at * 1000), verdict, times, "wechat", "0" * 12) for one in visitors)
    stage.hear(ClicksCame(
        key=f"clicks:{verdict}:{visitors}:{at}", lane="clicks", occurred_at=stage.time, channel="web", conversation="clicks", clicks=rows,
    ))


def test_a_link_shows_what_came_through_it(room: Room) -> None:
    stage = room.stage
    link = link_of(stage, "小王")
    clicked(stage, link, "v_1", "v_2", times=3)
    clicked(stage, link, "bot:spider", verdict="bot", times=7)
    comes(stage, "李四", link.code)
    desk = room.browser("viewer")
    page = desk.get("/links").text
    assert link.code in page
    assert "小王" in page
    page = desk.get(f"/links/{link.id}").text
    assert "李四" in page
    assert "v_1" in page
    for figure in ("<strong>2</strong>", "<dd>4</dd>", "<dd>7</dd>"):
        assert figure in page
    assert "停用</button>" not in page
    assert desk.get("/links/lnk_none").status_code == 404
    assert room.browser("viewer", "en").get(f"/links/{link.id}").status_code == 200


def test_links_are_found_by_code_or_owner(room: Room) -> None:
    link, other = link_of(room.stage, "小王"), link_of(room.stage, "老张", referral_links.SHOP, "")
    desk = room.browser("viewer")
    for asked in (f"q={link.code.lower()}", "q=小王", "q=stage:小王", "kind=group"):
        page = desk.get(f"/links?{asked}").text
        assert link.code in page
        assert other.code not in page
    assert "没有找到" in desk.get("/links?q=赵六").text


def test_a_manager_pauses_resumes_and_ends_a_link(room: Room) -> None:
    link = link_of(room.stage, "小王")
    desk = room.browser("manager")

    def state() -> str:
        with room.stage.database.read() as session:
            return referral_links.get(session, link.id).state(room.stage.time)

    desk.get(f"/links/{link.id}")
    desk.post(f"/links/{link.id}/pause")
    assert state() == referral_links.PAUSED
    desk.post(f"/links/{link.id}/resume")
    assert state() == referral_links.ON
    today = f"{room.stage.time + timedelta(hours=8):%Y-%m-%d}"
    desk.post(f"/links/{link.id}/expiry", {"until": today})
    assert f'value="{today}"' in desk.get(f"/links/{link.id}").text
    assert state() == referral_links.ON
    room.stage.time += timedelta(days=1)
    assert state() == referral_links.EXPIRED
    desk.post(f"/links/{link.id}/expiry", {"until": ""})
    assert state() == referral_links.ON
    for bad in ("2026-13-01", "tomorrow", "0001-01-01"):
        desk.post(f"/links/{link.id}/expiry", {"until": bad})
        assert state() == referral_links.ON
    viewer = room.browser("viewer")
    viewer.get(f"/links/{link.id}")
    assert viewer.post(f"/links/{link.id}/pause").status_code == 403
    assert state() == referral_links.ON


def test_touches_are_explored_by_person_owner_link_and_day(room: Room) -> None:
    stage = room.stage
    stage.joins("店长")
    link, other = link_of(stage, "小王"), link_of(stage, "老张")
    clicked(stage, link, "v_1")
    comes(stage, "李四", link.code, visitor="v_1")
    comes(stage, "赵六", other.code)
    stage.leaves("赵六")
    desk = room.browser("viewer")
    page = desk.get("/links/touches").text
    assert "72 小时内退群" in page
    assert page.count("李四") == 2
    for asked in ("by=小王", f"code={link.code}", "who=李四&by=小王"):
        found = desk.get(f"/links/touches?{asked}").text
        assert "李四" in found
        assert "赵六" not in found
    assert "还没有触点" not in desk.get("/links/touches?kind=click").text
    day = f"{stage.time:%Y-%m-%d}"
    assert "赵六" in desk.get(f"/links/touches?from={day}&to={day}&group=stage:g").text
    assert "没有找到" in desk.get("/links/touches?to=2020-01-01").text
    assert desk.get("/links/touches?before=x&kind=y&from=z&code=%00").status_code == 200
    assert room.browser("viewer", "en").get("/links/touches").status_code == 200


def test_files_are_guarded_and_written_down(room: Room) -> None:
    stage = room.stage
    link = link_of(stage, "=cmd()")
    comes(stage, "李四", link.code)
    desk = room.browser("manager")
    desk.get("/links")
    told = list(csv.DictReader(io.StringIO(desk.post("/links/export").text.removeprefix("\ufeff"))))
    assert [(row["口令"], row["成员"], row["入群"]) for row in told] == [(link.code, "'=cmd()", "1")]
    desk.get("/links/touches")
    told = list(csv.DictReader(io.StringIO(desk.post("/links/touches/export", {"kind": "join"}).text.removeprefix("\ufeff"))))
    assert [(row["成员"], row["推广人"], row["链接口令"]) for row in told] == [("李四", "'=cmd()", link.code)]
    audit = room.browser("admin").get("/audit").text
    assert "touch.export" in audit or "导出" in audit


def test_an_admin_settles_who_is_one_person(room: Room) -> None:
    stage = room.stage
    with stage.database.write() as session:
        members.keep(session, [("wecom:a", "wecom", "小王"), ("wecom:b", "wecom", "李四")], stage.time)
        people.learn(session, [(identities.MEMBER, "wecom:a"), (identities.VISITOR, "v_1")], "scene", stage.time)
        people.learn(session, [(identities.MEMBER, "wecom:b"), (identities.VISITOR, "v_1")], "scene", stage.time)
        (conflict,) = identities.find_merges(session, (identities.CONFLICT,))
    desk = room.browser("admin")
    page = desk.get("/links/people").text
    assert "是一个人，合并" in page
    assert "李四 wecom:b" in page
    desk.post(f"/links/people/{conflict.id}/merge")
    assert "撤销</button>" in desk.get("/links/people").text
    desk.post(f"/links/people/{conflict.id}/undo")
    assert desk.post(f"/links/people/{conflict.id}/undo").status_code in (200, 303)
    with stage.database.read() as session:
        assert not identities.same_person(session, "wecom:a", "wecom:b")
    assert room.browser("manager").get("/links/people").status_code == 403
    assert room.browser("admin", "en").get("/links/people").status_code == 200


@pytest.mark.parametrize("count", [120])
def test_lists_page_without_a_gap_or_a_double(room: Room, count: int) -> None:
    stage = room.stage
    link = link_of(stage, "小王")
    with stage.database.write() as session:
        for number in range(count):
            touches.add(session, f"t:{number}", touches.PAGE, "stage:小王", stage.time, member_id=f"stage:{number:03}", link_id=link.id)
    desk, seen, address = room.browser("viewer"), [], f"/links/touches?code={link.code}"
    while address:
        page = desk.get(address).text
        seen += [number for number in range(count) if f"/console/members/stage%3A{number:03}" in page]
        more = page.partition('href="/console/links/touches?')[2].partition('"')[0]
        address = f"/links/touches?{more}".replace("&amp;", "&") if "before=" in more else ""
    assert sorted(seen) == list(range(count))
