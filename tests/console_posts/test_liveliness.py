"""Polls, talk starters and trials of variants at the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.console import starters as shelf
from content import starters
from handlers.posts import trying
from storage import polls, posts, variants
from tests.console.conftest import Room
from tests.console_posts.conftest import Planner, audited, said_in
from tests.posts.conftest import MANAGER

POLL: dict[str, object] = {"group": "stage:g", "question": "周末想吃什么？", "choices": "苹果\n香蕉", "right": "", "hours": "24"}
PART: dict[str, object] = {"title": "投个票", "kind": "game", "part_kind": "poll", "part_question": "甜粽还是咸粽？"}


def nonce_of(page: str) -> str:
    return page.split('name="nonce" value="')[1].split('"')[0]


def test_a_poll_is_asked_watched_and_ended_at_the_desk(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    page = browser.get("/posts/polls").text
    assert "还没有投票" in page
    asked = POLL | {"nonce": nonce_of(page)}
    assert "正在投" in browser.post("/posts/polls/ask", asked).text
    browser.post("/posts/polls/ask", asked)  # pressed twice
    stage = planner.stage
    stage.settle()
    assert [one.splitlines()[0] for one in said_in(planner)] == ["周末想吃什么？"]
    for who, number in (("小王", "1"), ("小李", "2"), ("小张", "2")):
        stage.says(who, number)
    page = browser.get("/posts/polls/1").text
    assert "3 票" in page
    assert 'hx-trigger="every 5s"' in page
    assert page.count('<span class="number">2</span>') == 1
    page = browser.post("/posts/polls/1/close").text
    assert "投完了" in page
    assert "hx-trigger" not in page.split('id="votes"')[1].split(">")[0]
    stage.settle()
    assert "最多的是：香蕉" in said_in(planner)[-1]
    assert {"poll.ask", "poll.close"} <= {entry[1] for entry in audited(room)}
    assert "Poll" in room.browser("viewer", "en").get("/posts/polls").text


@pytest.mark.parametrize(("field", "value"), [("choices", "只有一个"), ("question", ""), ("right", "7"), ("hours", "999")])
def test_what_is_no_poll_is_not_asked(room: Room, planner: Planner, field: str, value: str) -> None:
    browser = room.browser("manager")
    response = browser.post("/posts/polls/ask", POLL | {"nonce": nonce_of(browser.get("/posts/polls").text), field: value})
    assert response.status_code == 422
    assert "选项 2 到 6 个" in response.text
    with planner.stage.database.read() as session:
        assert not polls.find(session)


def test_who_only_looks_asks_and_ends_nothing(room: Room, planner: Planner) -> None:
    browser = room.browser("viewer")
    browser.get("/posts/polls")
    for path in ("/posts/polls/ask", "/posts/polls/1/close", "/posts/trials/new", "/posts/trials/1/end", "/posts/starters/morning_plain/use"):
        assert browser.post(path).status_code == 403, path


def test_a_poll_is_a_part_of_a_post(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    browser.get("/posts/new")
    page = browser.post("/posts/preview", PART | {"part_choices": "甜\n咸", "group": "stage:g"}).text
    assert "1. 甜\n2. 咸" in page
    assert "已保存" in browser.post("/posts/new", PART | {"part_choices": "甜\n咸"}).text
    assert "甜粽还是咸粽？" in browser.get("/posts/1").text
    response = browser.post("/posts/new", PART | {"part_choices": "甜"})
    assert (response.status_code, "选项 2 到 6 个" in response.text) == (422, True)


def test_the_starters_are_found_by_kind_season_and_day_and_become_posts(room: Room, planner: Planner) -> None:
    browser = room.browser("manager")
    assert browser.get("/posts/starters").text.count("<article") == len(starters.load()) >= 60
    polls_page = browser.get("/posts/starters?kind=poll").text
    assert polls_page.count("<article") == sum(one.kind == "poll" for one in starters.load())
    now = browser.get("/posts/starters?season=now").text
    assert "惊蛰，有的地方" not in now
    planner.at(10, day=5)
    assert "惊蛰，有的地方" in browser.get("/posts/starters?season=now").text
    page = browser.post("/posts/starters/poll_tomato/use").text
    assert "已放进内容库" in page
    assert "番茄炒蛋，放糖还是不放？" in page
    assert "用过" in browser.get("/posts/starters?kind=poll").text
    browser.post("/posts/starters/quiz_honey/use")
    with planner.stage.database.read() as session:
        found = {one.title: (one.kind, one.tag_list) for one in posts.find(session)}
    assert found["小问题：蜂蜜结晶了，是坏了吗？"] == ("game", ["话题库", "平日"])
    assert "小问题：蜂蜜结晶了，是坏了吗？（答案）" in found
    assert browser.post("/posts/starters/nothing/use").status_code == 404


def test_every_starter_can_be_used(room: Room, planner: Planner) -> None:
    drafts = [shelf.draft_of(one) for one in starters.load()]
    for draft in drafts:
        draft.check_form()
    assert {draft.kind for draft in drafts} == {"talk", "game", "knowledge"}
    assert sum(draft.parts[0]["kind"] == "poll" for draft in drafts) == sum(bool(one.options) for one in starters.load())


def set_up(planner: Planner) -> tuple[int, int, int]:
    """A daily plan in twelve groups and another way to say it; gives plan and the two posts."""
    planner.add_groups(*"abcdefijkl")
    first, second = planner.post("甲", title="甲写法"), planner.post("乙", title="乙写法")
    return planner.plan(first, "每天 12:00", groups=tuple("abcdefghijkl"), name="午间"), first, second


def count_with(planner: Planner, trial_id: int, means: tuple[float, float], blocks: int) -> None:
    """As if so many blocks had been counted, and then the count that looks for a winner."""
    with planner.stage.database.write() as session:
        now = planner.stage.time
        for number in range(blocks):
            variants.add_places(session, [
                {"trial_id": trial_id, "slot": f"s{number}", "group_id": f"g{one}", "block": 0, "variant": one, "members": 100}
                for one in (0, 1)
            ])  # fmt: skip
            for one in (0, 1):
                variants.count_place(session, trial_id, f"s{number}", f"g{one}", means[one], now + timedelta(seconds=number))
        trial, verdict = variants.lock(session, trial_id), trying.results(session, trial_id).verdict
        if verdict.winner is not None:
            trial.state, trial.winner, trial.proposed_at = variants.PROPOSED, verdict.winner, now


def test_a_trial_is_set_up_watched_and_its_winner_adopted(room: Room, planner: Planner) -> None:
    plan, first, second = set_up(planner)
    browser = room.browser("manager")
    assert "午间" in browser.get("/posts/trials/new").text
    assert "计划会发到 12 个群" in browser.get(f"/posts/trials/new?plan={plan}").text
    page = browser.post("/posts/trials/new", {"plan": str(plan), "others": [str(second)], "outcome": "replies"}).text
    assert "试着" in page
    assert "还没有赢家" in browser.post("/posts/trials/1/end", {"do": "adopt"}).text
    planner.at(12)
    planner.stage.settle()
    told = [text for _, text in planner.stage.channel.said]
    assert (told.count("甲"), told.count("乙")) == (6, 6)
    count_with(planner, 1, (0.01, 0.03), 40)
    page = browser.get("/posts/trials/1").text
    assert "B「乙写法」更好" in page
    assert "比过 40 组" in page
    assert "3.0" in page
    assert "以后都发赢的那一种" in browser.post("/posts/trials/1/end", {"do": "adopt"}).text
    assert planner.get_plan(plan).post_id == second != first
    assert "已经结束了" in browser.post("/posts/trials/1/end", {"do": "drop"}).text
    assert [entry[1] for entry in audited(room)][-2:] == ["trial.start", "trial.adopt"]
    assert "Ended" in room.browser("viewer", "en").get("/posts/trials").text


def test_a_trial_without_evidence_names_no_winner_and_is_dropped(room: Room, planner: Planner) -> None:
    plan, first, second = set_up(planner)
    browser = room.browser("manager")
    browser.get("/posts/trials/new")
    browser.post("/posts/trials/new", {"plan": str(plan), "others": [str(second)], "outcome": "leaves"})
    count_with(planner, 1, (0.02, 0.01), 3)
    page = browser.get("/posts/trials/1").text
    assert "更好。" not in page
    assert 'value="adopt"' not in page
    assert "计划照旧" in browser.post("/posts/trials/1/end", {"do": "drop"}).text
    assert planner.get_plan(plan).post_id == first


def test_a_trial_needs_a_plan_another_post_and_an_outcome(room: Room, planner: Planner) -> None:
    plan, first, second = set_up(planner)
    browser = room.browser("manager")
    browser.get("/posts/trials/new")
    wanted: dict[str, object] = {"plan": str(plan), "others": [str(second)], "outcome": "replies"}
    for change, words in (
        ({"others": []}, "请选 1 到 3 篇"), ({"others": [str(first)]}, "请选 1 到 3 篇"), ({"plan": "x"}, "请选一个计划"),
        ({"outcome": "luck"}, "写法有误"),
    ):
        response = browser.post("/posts/trials/new", wanted | change)
        assert (response.status_code, words in response.text) == (422, True), change
    with planner.stage.database.write() as session:
        trying.start(session, plan, [second], "replies", MANAGER, planner.stage.time)
    response = browser.post("/posts/trials/new", wanted)
    assert (response.status_code, "这个计划正在试" in response.text) == (422, True)
