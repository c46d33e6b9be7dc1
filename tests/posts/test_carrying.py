"""A content plan goes out to a file and comes in again the same; bad rows are told by line, the others are in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content.importing import plan, plan_file, reading
from content.importing.plan import DEFAULTS, PlanRow
from handlers.posts import carrying, desk
from handlers.posts.carrying import Carried, Carrier
from handlers.posts.drafts import Editor
from storage import mix, plans, posts
from tests.posts.conftest import MANAGER, VALUES, ZONE, Planner
from tests.stage import Stage

TRICKY = "=1+1，{{ group.name }}的\n邻居们 \"好\"；'别急"


def carry(stage: Stage, path: Path, *, dry_run: bool = False, editor: Editor = MANAGER) -> Carried:
    rows, refused = reading.read(path)
    checked, more = plan.check(rows, is_table=path.suffix in (".csv", ".xlsx"))
    carrier = Carrier(editor, VALUES, ZONE, lambda: stage.time)
    done = carrying.bring_in(stage.database.write, checked, carrier, dry_run=dry_run)
    done.refused += [(one.line, one.reason) for one in (*refused, *more)]
    return done


def rows_of(stage: Stage) -> list[dict[str, Any]]:
    with stage.database.read() as session:
        return [row.values for row in carrying.find_rows(session)]


def write(stage: Stage, path: Path) -> Path:
    with stage.database.read() as session:
        path.write_bytes(plan_file.write(carrying.find_rows(session), reading.FORMATS[path.suffix]))
    return path


@pytest.fixture
def filled(planner: Planner) -> Planner:
    shared = planner.post("早上好，{{ group.name }}", title="早安")
    planner.plan(shared, "每天 8:30", name="每天早安", ends_on="2026-12-31", skipped_days=["2026-10-01"])
    planner.plan(shared, minutes=60, name="今天一次")
    sell = planner.post(TRICKY, kind="advert", title="+草莓")
    planner.plan(sell, "每周二、五 20:00", name="-草莓", audience={"tags": ["a;b", "水果"], "min_members": 3}, late_policy="ask")
    many = [{"kind": "text", "text": " 一 "}, {"kind": "card", "title": "二", "text": "", "url": "/x", "picture": ""}]
    drip = planner.plan(
        planner.post(parts=many, title="两段"), name="第三天", when_kind="after", when="join", offset_minutes=4320, at_time="10:00",
        addressee="member", audience={"all": True},
    )
    planner.do(desk.pause_plan, drip, planner.stage.time)
    return planner


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".yaml"])
def test_what_goes_out_comes_in_the_same(
    filled: Planner, tmp_path: Path, suffix: str, make_stage: Callable[..., Stage]
) -> None:
    stage = filled.stage
    before = rows_of(stage)
    assert len(before) == 4
    path = write(stage, tmp_path / f"plan{suffix}")
    assert carry(stage, path).counts == {"added": 0, "updated": 0, "unchanged": 4}
    for one in plan_ids(stage):
        filled.do(lambda session, plan_id=one: desk.cancel_plan(session, plan_id, stage.time))
    assert rows_of(stage) == []
    done = carry(stage, path)
    assert (done.counts["added"], done.refused) == (4, [])
    assert rows_of(stage) == before
    with stage.database.read() as session:
        assert len(posts.find(session)) == 3  # those that say the same are used again


def plan_ids(stage: Stage) -> list[int]:
    with stage.database.read() as session:
        return [one.id for one in plans.find(session)]


def test_no_cell_of_a_table_is_a_formula(filled: Planner, tmp_path: Path) -> None:
    path = write(filled.stage, tmp_path / "plan.csv")
    cells = [cell for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))) for cell in row]
    assert any("草莓" in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_bad_rows_are_told_by_line_and_the_others_are_in(planner: Planner, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(
        "计划,时间,群,类型,内容\n"
        "早安,每天 8:30,all,talk,早上好\n"
        "从前,2020-01-01 20:00,all,talk,晚了\n"
        "没有的群,每天 9:00,stage:nowhere,talk,你好\n"
        "坏模板,每天 9:00,all,talk,{{ nothing.here }}\n"
        "没有话,每天 9:00,all,talk,\n"
        "没有日子,0 0 30 2 *,all,talk,二月三十\n"
        "晚安,2026-03-02 21:00,stage:g; stage:h,talk,晚安\n"
        "早安,每天 8:30,all,talk,改了话\n",
        "utf-8",
    )
    done = carry(planner.stage, path)
    assert sorted(line for line, _ in done.refused) == [3, 4, 5, 6, 7, 9]  # one post cannot say two things
    assert done.counts == {"added": 2, "updated": 0, "unchanged": 0}
    path.write_text("计划,时间,群,类型,内容\n早安,每天 8:30,all,talk,改了话\n", "utf-8")
    assert carry(planner.stage, path).counts == {"added": 0, "updated": 1, "unchanged": 0}
    rows = {row["name"]: row for row in rows_of(planner.stage)}
    assert rows["早安"]["parts"] == [{"kind": "text", "text": "改了话"}]
    assert rows["晚安"]["groups"] == ["stage:g", "stage:h"]
    with planner.stage.database.read() as session:
        assert len(posts.find(session)) == 2  # nothing of a refused row is kept


def test_a_dry_run_says_the_same_and_writes_nothing(filled: Planner, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("- {name: 新的, when: 每天 9:00, groups: [all], text: 你好}\n- {name: 坏的, when: 几时, groups: all, text: x}\n", "utf-8")
    before = rows_of(filled.stage)
    dry = carry(filled.stage, path, dry_run=True)
    assert rows_of(filled.stage) == before
    wet = carry(filled.stage, path)
    assert dry.counts == wet.counts
    assert [line for line, _ in dry.refused] == [line for line, _ in wet.refused] == [2]


def test_a_number_of_another_shop_changes_no_plan_here(filled: Planner, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    first = min(plan_ids(filled.stage))
    path.write_text(f"- {{id: {first}, name: 别家的, when: 每天 9:00, groups: [all], text: 你好}}\n", "utf-8")
    before = rows_of(filled.stage)
    assert carry(filled.stage, path).counts["added"] == 1
    assert rows_of(filled.stage)[: len(before)] == before


def test_what_a_manager_brings_in_waits_for_the_yes_it_needs(planner: Planner, tmp_path: Path) -> None:
    planner.do(mix.save_rules, "", {"approved_kinds": ["advert"]})
    path = tmp_path / "plan.yaml"
    path.write_text("- {name: 卖, when: 每天 9:00, groups: [all], kind: advert, text: 草莓}\n", "utf-8")
    carry(planner.stage, path)
    assert planner.get_plan(plan_ids(planner.stage)[0]).approval == plans.WAITING


def test_too_many_rows_are_refused_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    path.write_text("\n".join(json.dumps({"name": "a"}) for _ in range(plan.MAX_PLANS + 1)))
    with pytest.raises(reading.Unreadable):
        plan.check(reading.read(path)[0], is_table=False)


WORDS = some.text(some.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
KEPT = WORDS.map(lambda text: plan.fields.words(text, "x", 4_000))


@given(text=WORDS, name=KEPT, tags=some.lists(KEPT.filter(bool), unique=True, max_size=4))
def test_any_words_come_back_from_a_csv_as_they_were(text: str, name: str, tags: list[str]) -> None:
    values = DEFAULTS | {"name": name, "parts": [{"kind": "text", "text": text}], "tags": tags, "when": "daily 9:00", "when_kind": "cron"}
    content = plan_file.write([PlanRow(0, 7, 8, values)], "csv")
    rows = [found for _, found in reading._csv(reading.decode(content))]
    checked, refused = plan.check([reading.Row(2, row) for row in rows if isinstance(row, dict)], is_table=True)
    assert refused == []
    assert {name: checked[0].values[name] for name in ("name", "parts", "tags")} == {name: values[name] for name in ("name", "parts", "tags")}


@pytest.mark.parametrize(("words", "found"), [
    ("成团前2小时", ("drop_forms", -120, "")), ("开团前1小时", ("drop_opens", -60, "")), ("截团 后 30 分钟", ("drop_closes", 30, "")),
    ("入群后第3天", ("join", 4320, "")), ("建群后第1天 9:00", ("group", 1440, "09:00")),
])  # fmt: skip
def test_a_file_may_say_what_a_time_follows(stage: Stage, planner: Planner, tmp_path: Path, words: str, found: tuple[str, int, str]) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(f"name,when,groups,text\n跟着,{words},stage:g,快了\n")
    assert carry(stage, path).refused == []
    (row,) = rows_of(stage)
    assert (row["when"], row["offset_minutes"], row["at_time"]) == found
