"""What cannot be is refused at the desk with words that say why: each bad input an operator may bring."""

from __future__ import annotations

import time

import pytest

from tests.console.conftest import Room
from tests.console_posts.conftest import Planner

POST: dict[str, object] = {"title": "一条", "kind": "talk", "part_kind": "text"}
PLAN: dict[str, object] = {
    "name": "计划", "post_id": "1", "repeat": "cron", "audience": "groups", "groups": ["stage:g"], "late_policy": "send",
    "late_minutes": "30", "unit": "days", "side": "after", "anchor": "join", "addressee": "group", "time": "20:00",
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(("template", "told"), [
    ("{% for i in range(10**9) %}x{% endfor %}", "没有叫 range 的值"), ("{{ 'a' * 1000000000 }}", "这里不能用 *"),
    ("{% for a in 'x' * 9 %}{% for b in 'y' * 9 %}{% endfor %}{% endfor %}", "这里不能用 *"), ("{{ produkt.name }}", "没有叫 produkt 的值"),
    ("{{ product.prise }}", "没有叫 product.prise 的值"), ("{% if false %}{{ nobody }}{% endif %}", "没有叫 nobody 的值"),
    ("{% for a in 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}{% for b in 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}{% endfor %}{% endfor %}", "循环太多"),
    ("{{ product.name", "没有写完，或者括号不成对（第 1 行）"), ("长" * 4001, "4000"),
])  # fmt: skip
def test_a_template_that_cannot_be_is_refused_at_once(room: Room, planner: Planner, template: str, told: str) -> None:
    browser = room.browser("manager")
    browser.get("/posts/new")
    began = time.perf_counter()
    response = browser.post("/posts/new", POST | {"part_text": template})
    assert time.perf_counter() - began < 2
    assert response.status_code == 422
    fault = response.text.split('id="fault-parts.0.text">')[1].split("</p>")[0]
    assert told in fault, fault
    assert "还没有内容" in browser.get("/posts").text


@pytest.mark.parametrize(("more", "field", "told"), [
    ({"cron": "0 0 30 2 *"}, "cron", "一次也不会发生"), ({"cron": "0 20 * * 2", "ends_on": "2026-03-02"}, "cron", "一次也不会发生"),
    ({"cron": "* * * * *"}, "cron", "一天最多 24 次"), ({"cron": "每逢佳节"}, "cron", "请写时间"),
    ({"repeat": "once", "day": "2026-03-01"}, "day", "这个时间已经过去"), ({"repeat": "once", "day": "2126-03-01"}, "day", "时间太远"),
    ({"repeat": "once", "day": "soon"}, "day", "请选日期和时间"),
])  # fmt: skip
def test_a_plan_that_never_comes_or_is_past_is_refused(
    room: Room, planner: Planner, more: dict[str, object], field: str, told: str
) -> None:
    planner.post()
    browser = room.browser("manager")
    browser.get("/calendar/plans/new")
    response = browser.post("/calendar/plans/new", PLAN | more)
    assert response.status_code == 422
    fault = response.text.split(f'id="fault-{field}">')[1].split("</p>")[0]
    assert told in fault, fault
    assert planner.rows() == []


def test_a_time_that_the_clocks_leave_out_is_refused(room: Room, planner: Planner) -> None:
    planner.post()
    room.desk.settings = room.desk.settings.model_copy(update={"time_zone": "Europe/Berlin"})
    browser = room.browser("manager")
    browser.get("/calendar/plans/new")
    response = browser.post("/calendar/plans/new", PLAN | {"repeat": "once", "day": "2026-03-29", "time": "02:30"})
    assert (response.status_code, "那天调钟，没有这个时刻" in response.text) == (422, True)
    assert "已保存" in browser.post("/calendar/plans/new", PLAN | {"repeat": "once", "day": "2026-03-29", "time": "03:00"}).text
    to: dict[str, object] = {"slot": "2026-03-29T01:00:00Z", "day": "2026-03-29", "time": "02:30"}
    assert "那天调钟，没有这个时刻" in browser.post("/calendar/one/1/move", to).text


def test_a_group_that_left_is_told_of_beside_its_row(room: Room, planner: Planner) -> None:
    plan = planner.plan(planner.post(), name="给走了的群")
    planner.stage.set_group(closed_at=planner.stage.time)
    planner.stage.pass_time(600)
    page = room.browser("viewer").get(f"/calendar/one/{plan}?slot={planner.rows(plan)[0].slot}").text
    assert "群已关闭" in page
    assert planner.stage.channel.said == []


def test_a_picture_is_kept_and_one_that_is_none_or_too_large_is_refused(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    browser.get("/posts/new")
    part = POST | {"part_kind": "picture", "part_text": "海报"}
    for data, told in ((PNG + bytes(6 * 1024 * 1024), "图片最多 5 MB，请压缩后再传"), (b"<svg/>", "这不是图片")):
        response = browser.post("/posts/new", part, files={"part_file": ("a.png", data, "image/png")})
        assert response.status_code == 422
        assert told in response.text.split('id="fault-parts.0.url">')[1].split("</p>")[0]
    assert "已保存" in browser.post("/posts/new", part, files={"part_file": ("a.png", PNG + b"ok", "image/png")}).text
    address = browser.page.split('name="part_url" value="')[1].split('"')[0]
    kept = room.desk.settings.home / address.removeprefix("/")
    assert kept.read_bytes() == PNG + b"ok"
    assert len(list(kept.parent.iterdir())) == 1


def test_a_picture_of_fifty_megabytes_is_turned_away_before_it_is_read(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    browser.get("/posts/new")
    response = browser.post("/posts/new", POST, files={"part_file": ("a.png", PNG + bytes(50 * 1024 * 1024), "image/png")})
    assert response.status_code == 413
    assert "一张图片最多 5 MB" in response.text
