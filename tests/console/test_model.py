"""Scenes of the language model at the desk: what it took today, and why an answer came from it."""

from __future__ import annotations

import pytest

from bot.console import names
from storage import model
from storage.model import EVERYWHERE, Limit
from tests.console.conftest import Room


def use(room: Room) -> None:
    with room.stage.database.write() as session:
        limits = {EVERYWHERE: Limit(10_000, 10**9), "stage:g": Limit(10_000, 10**9)}
        model.reserve(session, "2026-03-02", limits, 4_321, 12_000_000)


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_today_shows_what_the_model_took_of_its_budget(room: Room, role: str) -> None:
    use(room)
    changed = {"model_key": "k", "model_daily_tokens": 20_000, "model_input_fen": 100, "model_daily_fen": 500}
    room.desk.settings = type(room.desk.settings)(home=room.desk.settings.home, _env_file=None, **changed)  # type: ignore[call-arg, arg-type]
    page = room.browser(role).get("/today/figures").text
    assert "问了 1 次，用了 4,321 / 20,000 个 token" in page
    assert "¥0.12 / ¥5" in page
    english = room.browser(role, language="en").get("/today/figures").text
    assert "took 4,321 of 20,000 tokens" in english


def test_without_a_model_today_does_not_speak_of_one(room: Room) -> None:
    use(room)
    assert "token" not in room.browser("admin").get("/today/figures").text


def test_the_log_says_what_the_model_rested_on() -> None:
    answered = names.why("by model: faq:postage, 400+50 tokens")
    assert answered is not None
    assert (answered.words, answered.rest) == ("模型挑选，依据", "faq:postage, 400+50 tokens")
    refused = names.why("not by model: not in the sources: 满38元包邮")
    assert refused is not None
    assert refused.rest == "not in the sources: 满38元包邮"
