"""Doctor, log, operators, FAQ measurements, and faults told in one line."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from bot.commands import speech
from bot.console.passwords import is_password
from storage import operators
from storage.database import Database
from tests.commands.conftest import Tuan


def test_doctor_finds_a_sound_machine_sound(tuan: Tuan, home: Path) -> None:
    tuan("reset-demo", "--yes")
    outcome = tuan("doctor", "--json")
    found = json.loads(outcome.out)
    assert outcome.code == 0
    assert {one["state"] for one in found} <= {"ok", "warn"}
    assert len(found) == 9


def test_doctor_says_how_to_mend_what_is_wrong(
    tuan: Tuan, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    monkeypatch.setenv("TUAN_HOME", str(tmp_path / "file" / "home"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("TUAN_PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("TUAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        outcome = tuan("doctor")
    assert outcome.code == 1
    assert outcome.out.count("[wrong]") == 3
    assert outcome.out.count("→") == 3
    assert "TUAN_PORT" in outcome.out


def test_a_wrong_setting_is_named(tuan: Tuan, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUAN_PORT", "many")
    outcome = tuan("log")
    assert outcome.code == 1
    assert "TUAN_PORT" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1


def test_the_reader_is_answered_in_their_language(tuan: Tuan, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUAN_LANGUAGE", "zh")
    speech.language.cache_clear()
    assert "找不到文件" in tuan("import", "faq", "nowhere.csv").err
    monkeypatch.setenv("TUAN_LANGUAGE", "en")
    speech.language.cache_clear()
    assert "there is no file" in tuan("import", "faq", "nowhere.csv").err


def test_the_log_tells_who_said_what_and_what_was_answered(tuan: Tuan, home: Path) -> None:
    tuan("reset-demo", "--yes")
    rows = [json.loads(line) for line in tuan("log", "--group", "sunshine", "-n", "1000", "--json").out.splitlines()]
    menu = next(row for row in rows if row["text"] == "菜单")
    assert (menu["outcome"], menu["heard_by"], menu["member"]) == ("answered", "menu", "小唐同学")
    assert menu["replies"]
    assert {row["conversation"] for row in rows} == {"web:sunshine"}
    assert tuan("log", "--group", "nowhere").code == 1
    assert "菜单" in tuan("log", "-n", "100").out


def test_the_log_cannot_steer_a_terminal(tuan: Tuan, home: Path) -> None:
    tuan("reset-demo", "--yes")
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.writer.begin() as connection:
        connection.exec_driver_sql(
            "update inbox set text = ? where text = '菜单'", ("\x1b]0;owned\x07[red]菜\u202e单",)
        )
    database.close()
    shown = tuan("log", "-n", "100").out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]" in shown


def test_an_operator_is_added_and_gets_another_password(tuan: Tuan, home: Path) -> None:
    first = tuan("operator", "add", "小美", "--role", "viewer").out.split(": ")[1].split()[0]
    assert tuan("operator", "add", "小美").code == 1
    second = tuan("operator", "reset-password", "小美").out.split(": ")[1].split()[0]
    assert "小美" in tuan("operator", "reset-password", "小丽").err
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.read() as session:
        known = operators.find_by_name(session, "小美")
    database.close()
    assert known is not None
    assert (known.role, known.must_change_password) == ("viewer", True)
    assert is_password(second, known.password_hash)
    assert not is_password(first, known.password_hash)


def test_questions_are_measured_and_answered_on_files(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    entries = [
        {"id": "open", "question": "几点开门营业", "answer": "八点", "aliases": ["早上几点开店"]},
        {"id": "refund", "question": "怎么申请退款", "answer": "找客服", "aliases": ["我要退钱"]},
    ]
    asked = [
        {"id": "q1", "text": "你们几点开门营业", "answer_id": "open"},
        {"id": "q2", "text": "火星上有水吗", "answer_id": None},
    ]
    for name, rows in (("f.jsonl", entries), ("q.jsonl", asked)):
        (tmp_path / name).write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    files = ("--faq", tmp_path / "f.jsonl", "--queries", tmp_path / "q.jsonl")
    assert json.loads(tuan("faq", "eval", *files, "--json").out)["top1"] == 1
    answers = [json.loads(line) for line in tuan("faq", "answer", *files).out.splitlines()]
    assert [(row["id"], row["answer_id"]) for row in answers] == [("q1", "open"), ("q2", None)]
    assert all(isinstance(row["score"], float) for row in answers)
    (tmp_path / "q.jsonl").write_text("{", "utf-8")
    assert tuan("faq", "eval", *files).code == 2


def test_an_unknown_benchmark_lists_the_known_ones(tuan: Tuan, home: Path) -> None:
    assert "ingest" in tuan("bench", "nothing").err
    assert tuan("bench", "../bot/cli").code == 1
