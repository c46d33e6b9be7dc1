"""A real process, killed while members talk: nothing acknowledged is lost and nothing is answered twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.crash import torment


@pytest.mark.slow
def test_killed_again_and_again_under_load_nothing_is_lost_or_said_twice(tmp_path: Path) -> None:
    result = asyncio.run(torment(3, seed=11, home=tmp_path / "home"))
    assert result["acknowledged"] > 50
    assert result["answers_sent"] > 0
    faults = (
        "acknowledged_lost", "kept_twice", "wrong_ids", "members_out_of_order", "answered_twice",
        "members_with_a_gap", "frames_missed", "frames_shown_twice",
    )
    assert {name: result[name] for name in faults} == dict.fromkeys(faults, 0)
    assert result["outbox_not_sent"] == {}
