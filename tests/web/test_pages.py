"""The public pages: what they show, in which language, and what they do not let in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from bot.web import app, paper
from storage import groups, members
from tests.web.place import Place


def _get(place: Place, path: str, language: str = "zh-CN,zh;q=0.9") -> httpx.Response:
    return httpx.get(f"http://{place.host}{path}", headers={"Accept-Language": language})


def test_the_demo_lists_its_groups_and_the_way_to_the_console(make_place: Callable[..., Place]) -> None:
    place = make_place(demo=True)
    place.group("garden", "花园团")
    page = _get(place, "/").text
    assert 'href="/g/garden"' in page
    assert "花园团" in page
    assert 'href="/console"' in page


def test_a_real_shop_does_not_list_its_groups(place: Place) -> None:
    place.group("garden", "花园团")
    page = _get(place, "/").text
    assert "花园团" not in page
    assert "阳光邻里" in page


def test_a_group_page_tells_who_invites_and_keeps_scripts_out(place: Place) -> None:
    group_id = place.group()
    now = datetime.now(UTC)
    with place.database.write() as session:
        members.keep(session, [("web:m_a", "web", "<i>小满</i>")], now)
        groups.join(session, group_id, "web:m_a", now, None)
    answer = _get(place, "/g/garden?by=web:m_a")
    assert "<strong>&lt;i&gt;小满&lt;/i&gt;</strong> 邀请你加入" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_invented_inviter_is_not_shown(place: Place) -> None:
    place.group()
    assert "邀请你加入" not in _get(place, "/g/garden?by=<script>").text


def test_an_unknown_or_closed_group_is_not_found(place: Place) -> None:
    group_id = place.group()
    assert _get(place, "/g/nowhere").status_code == 404
    with place.database.write() as session:
        groups.get(session, group_id).closed_at = datetime.now(UTC)
    answer = _get(place, "/g/garden")
    assert answer.status_code == 404
    assert "没有找到这个群" in answer.text


@pytest.mark.parametrize(
    ("path", "language", "expected"),
    [("/g/garden", "en-GB,en;q=0.8", "en"), ("/g/garden", "de,fr;q=0.5", "zh-CN"), ("/g/garden?lang=en", "zh", "en"),
     ("/g/garden?lang=xx", "zh-TW", "zh-CN"), ("/g/garden", "", "zh-CN")],
)
def test_the_page_speaks_the_readers_language(place: Place, path: str, language: str, expected: str) -> None:
    place.group()
    assert f'<html lang="{expected}">' in _get(place, path, language).text


def test_both_languages_have_every_text(place: Place) -> None:
    texts = paper.Paper(place.settings)._texts
    assert texts["zh"].keys() == texts["en"].keys()
    for part in ("page", "script"):
        assert texts["zh"][part].keys() == texts["en"][part].keys()
        assert all(text.strip() for language in ("zh", "en") for text in texts[language][part].values())


def test_the_script_is_small_and_asks_for_no_missing_text(place: Place) -> None:
    scripts = sorted((app.STATIC / "group").glob("*.js"))
    sent = sum(
        int(httpx.get(f"http://{place.host}/assets/group/{path.name}").headers["content-length"]) for path in scripts
    )
    assert sent < 30_000
    source = "\n".join(path.read_text("utf-8") for path in scripts)
    asked = set(re.findall(r'\bt\("(\w+)"[,)]', source))
    assert asked <= paper.Paper(place.settings)._texts["zh"]["script"].keys()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", source)


def test_a_strange_host_header_gets_no_say_in_the_policy(place: Place) -> None:
    place.group()
    answer = httpx.get(f"http://{place.host}/g/garden", headers={"Host": "a; script-src *"})
    assert "script-src" not in answer.headers["content-security-policy"]
