"""The library at the desk: writing, previewing, versions, copies, trials, and taking a sending back."""

from __future__ import annotations

from tests.console.conftest import Room
from tests.console_posts.conftest import Planner, audited, said_in

TALK: dict[str, object] = {"title": "早安", "kind": "talk", "tags": "早上、问候", "part_title": "", "part_url": "", "part_picture": ""}
TALK |= {"part_app_id": "", "part_path": "", "part_kind": "text", "part_text": "早，{{ group.name }}"}


def test_a_post_is_written_found_by_kind_tag_and_words_and_put_away(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    assert "还没有内容" in browser.get("/posts").text
    browser.get("/posts/new")
    assert "已保存" in browser.post("/posts/new", TALK).text
    for query, is_there in (("q=早", 1), ("q=晚", 0), ("kind=talk", 1), ("kind=advert", 0), ("tag=问候", 1), ("tag=x", 0)):
        assert ("/console/posts/1\"" in browser.get(f"/posts?{query}").text) is bool(is_there), query
    browser.post("/posts/1/archive")
    assert "/console/posts/1\"" not in browser.get("/posts").text
    assert "/console/posts/1\"" in browser.get("/posts?archived=yes").text
    browser.post("/posts/1/archive", {"back_out": "1"})
    assert "/console/posts/1\"" in browser.get("/posts").text
    assert [entry[1] for entry in audited(room)][-3:] == ["post.save", "post.archive", "post.take_out"]


def test_a_preview_has_the_chosen_groups_own_values(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    browser.get("/posts/new")
    page = browser.post("/posts/preview", TALK | {"group": "stage:h"}).text
    assert '<span class="words">早，h群</span>' in page
    assert 'value="早安"' in page
    assert "模板写法有误" in browser.post("/posts/preview", TALK | {"part_text": "{{ group.nam", "group": "stage:h"}).text
    page = browser.post("/posts/preview", TALK | {"part_text": "长" * 1200, "group": "stage:h"}).text
    assert "请留意" in page
    assert "long" in page
    assert browser.get("/posts").text.count("/console/posts/1\"") == 0


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    browser.get("/posts/new")
    response = browser.post("/posts/new", TALK | {"part_text": "{{ nobody.knows }}"})
    assert response.status_code == 422
    assert "{{ nobody.knows }}" in response.text
    assert "写法有误" in response.text
    assert "至少写一段" in browser.post("/posts/new", TALK | {"part_text": ""}).text
    assert browser.post("/posts/new", TALK | {"kind": "spam"}).status_code == 422
    assert browser.post("/posts/new", TALK | {"part_kind": "card", "part_title": "看", "part_url": "javascript:x"}).status_code == 422
    assert "还没有内容" in browser.get("/posts").text


def test_every_edit_is_a_version_and_a_copy_is_a_post_of_its_own(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    post_id = planner.post("第一版的话")
    planner.post("第二版的话", post_id=post_id)
    page = browser.get(f"/posts/{post_id}").text
    assert "第二版的话" in page
    assert "第 1 版" in page
    assert "第一版的话" in browser.get(f"/posts/{post_id}?version=1").text
    assert "一条 (2)" in browser.post(f"/posts/{post_id}/duplicate").text
    assert browser.get(f"/posts/{post_id}?version=9").status_code == 404


def test_a_post_sent_now_is_said_after_ten_seconds_or_taken_back(room: Room, planner: Planner) -> None:
    browser, post_id = room.browser("manager"), planner.post("新到的枇杷")
    browser.get(f"/posts/{post_id}")
    assert "10 秒内可以撤回" in browser.post(f"/posts/{post_id}/send", {"what": "now", "group": "stage:g"}).text
    assert "没有发出" in browser.post("/posts/sent/1/take-back").text
    planner.stage.pass_time(30)
    assert said_in(planner) == []
    browser.post(f"/posts/{post_id}/send", {"what": "now", "group": "all"})
    planner.stage.pass_time(11)
    assert (said_in(planner), said_in(planner, "h")) == (["新到的枇杷"], ["新到的枇杷"])
    assert "已经来不及了" in browser.post("/posts/sent/2/take-back").text
    assert "发过 2 次" in browser.get(f"/posts/{post_id}").text


def test_a_trial_goes_to_one_group_and_is_outside_of_the_rules(room: Room, planner: Planner) -> None:
    browser, post_id = room.browser("manager"), planner.post("试一试", "advert")
    planner.at(23)
    browser.get(f"/posts/{post_id}")
    browser.post(f"/posts/{post_id}/send", {"what": "trial", "group": "stage:h"})
    planner.stage.pass_time(11)
    assert (said_in(planner), said_in(planner, "h")) == ([], ["试一试"])
    assert browser.post(f"/posts/{post_id}/send", {"what": "trial", "group": "stage:nowhere"}).status_code == 404
    assert browser.post(f"/posts/{post_id}/send", {"what": "trial", "group": "all"}).status_code == 404


def test_who_only_reads_changes_nothing(room: Room, planner: Planner) -> None:
    browser, post_id = room.browser("viewer"), planner.post()
    assert browser.get(f"/posts/{post_id}").status_code == 200
    for path in ("/posts/new", f"/posts/{post_id}", f"/posts/{post_id}/send", f"/posts/{post_id}/archive", "/posts/preview"):
        assert browser.post(path, TALK).status_code == 403, path
