"""The content plan as a file, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.conftest import Tuan

ROWS = "计划,时间,群,内容\n早安,每天 8:30,all,早上好\n坏的,几时,all,你好\n"


def test_a_plan_comes_in_from_a_file_and_goes_out_to_another(tuan: Tuan, tmp_path: Path) -> None:
    given, taken = tmp_path / "plan.csv", tmp_path / "out.xlsx"
    given.write_text(ROWS, "utf-8")
    dry = tuan("content", "import", given, "--dry-run")
    assert (dry.code, "1 added" in dry.out, "line 3" in dry.err) == (1, True, True)
    done = tuan("content", "import", given, "--json")
    told = json.loads(done.out)
    assert (done.code, told["added"], [one["line"] for one in told["refused"]]) == (1, 1, [3])
    assert tuan("content", "export", taken).code == 0
    again = tuan("content", "import", taken, "--json")
    assert (again.code, json.loads(again.out)) == (0, {"added": 0, "updated": 0, "unchanged": 1, "refused": []})


def test_a_file_of_no_known_kind_is_told_in_one_line(tuan: Tuan, tmp_path: Path) -> None:
    assert tuan("content", "export", tmp_path / "plan.doc").code == 2
    assert tuan("content", "import", tmp_path / "nothing.csv").code == 2
