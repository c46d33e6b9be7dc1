"""Knowledge health: what the numbers count, by day and group; stale and contradicting entries; the demand list."""

from __future__ import annotations

import re
from datetime import timedelta

from storage import demands, health, products
from tests.console_shop.conftest import audited
from tests.learning.conftest import Room, School


def figure(page: str, name: str) -> str:
    """What one of the figures shows."""
    found = re.search(rf'<span class="muted">{name}</span>.*?<strong>([^<]*)</strong>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_figures_say_what_was_answered_and_what_helped(school: School, room: Room) -> None:
    stage = school.stage
    stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    stage.says("小王", "能送上楼吗", to_us=True)
    stage.pass_time(30)
    stage.says("小王", "可以送货上门吗", to_us=True)
    stage.says("李四", "能送上楼吗", group=None)
    stage.says("赵六", "我要的绿萝养在水里行不行呢", to_us=True)
    school.reads()
    page = room.browser("viewer").get("/learning/health").text
    with stage.database.read() as session:
        found = health.find_day(session, stage.time - timedelta(days=1), stage.time + timedelta(days=1))
    total = sum(found.values(), health.Tally())
    assert (total.answered, total.unresolved) == (3, 1)
    assert (found[""].answered, found["stage:g"].answered) == (1, 2)
    assert figure(page, "解决率") == "67%"
    assert figure(page, "覆盖率") == f"{3 / total.asked:.0%}"
    private = room.browser("viewer").get("/learning/health?group=-").text
    assert figure(private, "解决率") == "100%"
    assert figure(room.browser("viewer").get("/learning/health?days=30&group=stage:g").text, "解决率") == "50%"


def test_days_that_are_over_are_counted_once_and_still_right(school: School, room: Room) -> None:
    stage = school.stage
    stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    stage.says("小王", "能送上楼吗", to_us=True)
    for _ in range(3):
        stage.pass_time(86_400)
        days = room.desk.healthy_days.find(stage.time, 7)
    answered = [sum(tally.answered for tally in found.values()) for _, found in days]
    assert answered == [0, 0, 0, 1, 0, 0, 0]
    assert [day for day, _ in room.desk.healthy_days.find(stage.time, 7, back=7)][-1] < days[0][0]


def test_entries_nobody_needs_and_entries_that_contradict_are_shown(school: School, room: Room) -> None:
    stage = school.stage
    stage.knows("能退货吗", "七天内可以。")
    stage.knows("能退货吗？", "生鲜不退。")
    stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    page = room.browser("viewer").get("/learning/health").text
    assert "七天内可以。" in page
    assert "生鲜不退。" in page
    assert "从没用到" not in page
    stage.pass_time(20 * 86_400)
    stage.says("小王", "能送上楼吗", to_us=True)
    school.reads()
    page = room.browser("viewer").get("/learning/health").text
    unused = page[page.index("很久没用上的问答") : page.index("互相矛盾的问答")]
    assert unused.count("从没用到") == 2
    assert "可以送货上门吗" not in unused
    stage.pass_time(61 * 86_400)
    page = room.browser("viewer").get("/learning/health").text
    assert "上次用到" in page


def test_demand_goes_onto_a_list_and_counts_from_nothing_when_it_is_done(school: School, room: Room) -> None:
    stage = school.stage
    gone = stage.sells("羊毛围巾", 9900)
    with stage.database.write() as session:
        products.get(session, gone).is_on_sale = False
    for who in ("小王", "李四"):
        stage.says(who, "羊毛围巾还会补货吗")
    school.reads()
    browser = room.browser("manager")
    page = browser.get("/learning/demand").text
    assert "羊毛围巾" in page
    found = re.search(r"/console/learning/demand/(\d+)", page)
    assert found is not None
    path = f"/learning/demand/{found[1]}"
    browser.post(path, {"state": "restock"})
    assert school.wished() == []
    assert "补货清单" in browser.get("/learning/demand?list=listed").text
    stage.says("赵六", "羊毛围巾还会补货吗")
    school.reads()
    with stage.database.read() as session:
        assert [row[1] for row in demands.find(session, demands.LISTED)] == [3]
    browser.post(path, {"state": "done"})
    stage.says("赵六", "羊毛围巾还会补货吗")
    school.reads()
    assert school.wished() == [(gone, "restock", "", 1)]
    assert browser.post(path, {"state": "sold"}).status_code == 404
    assert [one[3].get("state") for one in audited(room) if one[1] == "demand.settle"] == ["restock", "done"]


def test_the_pages_are_there_in_english_too(school: School, room: Room) -> None:
    school.stage.says("小王", "能开发票吗", to_us=True)
    school.reads()
    browser = room.browser("viewer", language="en")
    for path, words in (
        ("/learning", "Proposals"), ("/learning/health", "Coverage"), ("/learning/demand", "Demand"),
        ("/learning/questions", "Question set"),
    ):
        page = browser.get(path).text
        assert words in page
        assert "问答建议" not in page
