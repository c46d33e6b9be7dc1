"""`tuan content lint`: one text in words, or many as JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.commands.conftest import Tuan

ROOT = Path(__file__).parents[2]
ASK = [sys.executable, "-c", "from bot.cli import main; main()", "content", "lint"]


def test_a_file_is_checked_and_what_blocks_ends_with_one(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    post = tmp_path / "post.txt"
    post.write_text("转发领红包", "utf-8")
    outcome = tuan("content", "lint", str(post))
    assert outcome.code == 1
    assert "share_reward" in outcome.out
    assert "微信" in outcome.out
    post.write_text("第一次参团的邻居看群公告", "utf-8")
    assert tuan("content", "lint", str(post)).code == 0


def test_many_texts_are_json_lines(home: Path) -> None:
    texts = ["转发领红包", "早上好", "", "a\u2028b 根治失眠", "\ud800", "看 http://other.example/x"]
    asked = "\n".join(json.dumps(text) for text in texts) + "\n"
    done = subprocess.run([*ASK, "--json", "-"], input=asked, capture_output=True, check=False, encoding="utf-8", cwd=ROOT)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["level"] for one in answers] == ["block", "ok", "ok", "block", "ok", "warn"]
    assert answers[0]["rules"] == ["share_reward"]
    assert answers[1] == {"level": "ok", "rules": [], "findings": []}
    assert done.returncode == 0


def test_a_line_that_is_no_text_is_told(home: Path) -> None:
    done = subprocess.run([*ASK, "--json", "-"], input="{1}\n", capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert "line 1" in done.stderr


def test_a_day_and_hosts_can_be_given(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    post = tmp_path / "post.txt"
    post.write_text("报名截止11月20日，看 https://ours.example/x", "utf-8")
    assert "past_date" in tuan("content", "lint", str(post), "--on", "2026-11-22").out
    fine = tuan("content", "lint", str(post), "--on", "2026-11-01", "--host", "ours.example")
    assert (fine.code, fine.out.strip()) == (0, "Fine.")
    assert tuan("content", "lint", str(post), "--on", "soon").code == 2
