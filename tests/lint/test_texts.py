"""The labelled set: nearly everything wrong is found, harmless look-alikes are left alone, and quickly."""

from __future__ import annotations

import dataclasses
import json

from pathlib import Path

from benchmarks.fit_lint import HOSTS, TODAY
from content.lint import Facts, check, checking
from content.lint.reading import Reading

ROWS = [json.loads(line) for line in Path(__file__).with_name("texts.jsonl").read_text("utf-8").splitlines()]
KNOWN = Facts(today=TODAY, hosts=HOSTS)


def test_the_set_is_large_and_half_harmless() -> None:
    assert len({row["text"] for row in ROWS}) >= 400
    assert 0.45 < sum(row["about"] == "ok" for row in ROWS) / len(ROWS) < 0.55


def test_what_is_wrong_is_found() -> None:
    wrong = [row["text"] for row in ROWS if row["about"] != "ok"]
    missed = [text for text in wrong if not check(text, KNOWN)]
    assert len(missed) <= 0.03 * len(wrong), missed


def test_harmless_look_alikes_are_left_alone() -> None:
    harmless = [row["text"] for row in ROWS if row["about"] == "ok"]
    alarmed = [text for text in harmless if check(text, KNOWN)]
    assert len(alarmed) <= 0.03 * len(harmless), alarmed


def test_looking_for_a_rules_characters_first_changes_nothing() -> None:
    for rule in checking.RULES:
        patient = dataclasses.replace(rule, anchors="")
        for row in ROWS:
            reading = Reading(row["text"])
            assert list(rule.find(reading)) == list(patient.find(reading)), (rule.id, row["text"])
