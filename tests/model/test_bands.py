"""Scenes of the three bands: sure without the model, unsure with it, and nothing known."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import budget_of_model
from bot.asking import Asking
from bot.events import OperatorSpoke
from bot.jobs import AnswerWanted
from bot.settings import Settings
from handlers.faq import rules
from storage import jobs, products
from tests.model.conftest import House
from tests.model.server import Told, choice

UNSURE = "买够多少不用付运费"  # the postage entry, at a confidence of about 0.13


def test_what_we_are_sure_of_is_answered_without_the_model(house: House) -> None:
    assert "9 点到 21 点" in house.ask("几点可以自提")
    assert house.server.requests == []


def test_what_we_are_not_sure_of_the_model_picks_and_the_shops_words_are_said(house: House) -> None:
    house.says(choice("faq:postage"))
    assert house.ask(UNSURE) == "满39元包邮，新疆西藏除外。不满39元收6元。"
    asked, _opened, answered = house.stage.log()
    assert (asked.outcome, answered.outcome) == ("asked_model", "answered")
    assert answered.reason == "by model: faq:postage, 400+50 tokens"
    assert answered.cause_id is None
    assert house.stage.pass_time(30) == []
    assert house.handovers() == []


def test_the_model_may_quote_a_part(house: House) -> None:
    house.says(choice("faq:points", answer="您好，积分到12月31日清零哦。"))
    assert house.ask("积分啥时候作废") == "您好，积分到12月31日清零哦。"


def test_a_product_the_model_picks_is_told_from_its_live_row(house: House, always_unsure: None) -> None:
    house.says(choice("product:p1", aspect="price"))
    assert "¥39.9" in house.ask("那个莓果啥价，草莓")
    house.says(choice("product:p1", aspect="attribute:产地"))
    assert "云南会泽" in house.ask("草莓哪儿来的")


def test_a_price_that_changed_while_the_model_was_thinking_is_not_said(house: House, always_unsure: None) -> None:
    def answer(request: object) -> Told:
        with house.stage.database.write() as session:
            for row in (*session.query(products.Product), *session.query(products.Sku)):
                row.price_fen = 4590
        return Told(choice("product:p1", answer="草莓现在39.9元"))

    house.server.tell = answer
    assert house.ask("草莓啥价") == ""
    assert "39.9" in house.answers()[0]
    assert "转给同事" in house.stage.pass_time(3)[0]


def test_a_passage_deleted_while_the_model_was_thinking_is_not_said(house: House, always_unsure: None) -> None:
    def answer(request: object) -> Told:
        with house.stage.database.write() as session:
            products.remove(session, "p1", house.stage.time)
        return Told(choice("product:p1", aspect="price"))

    house.server.tell = answer
    assert house.ask("草莓啥价") == ""
    assert house.answers() == ["not by model: a cited passage is gone"]


def test_none_of_them_is_a_handover_when_we_were_asked(house: House) -> None:
    assert house.ask(UNSURE) == ""
    assert house.answers() == ["not by model: none"]
    assert "转给同事" in house.stage.pass_time(3)[0]
    assert [one.question for one in house.handovers()] == [UNSURE]


def test_none_of_them_is_silence_in_the_talk_of_others(house: House) -> None:
    house.ask("周末能不能取货", to_us=False)
    assert len(house.server.requests) == 1
    assert house.stage.pass_time(30) == []
    assert house.stage.log()[-1].outcome == "silent"
    assert house.handovers() == []


def test_below_the_middle_band_the_model_is_not_asked(house: House) -> None:
    house.ask("今天的月亮真圆啊")
    house.ask("这个周末去哪里玩呀", to_us=False)
    assert house.server.requests == []


def test_in_private_the_same_bands_hold(house: House) -> None:
    house.says(choice("faq:postage"))
    assert "包邮" in house.ask(UNSURE, group=None)


def test_a_model_that_never_comes_back_leaves_the_question_to_a_person_in_time(house: House) -> None:
    house.stage.work.clear()
    house.ask(UNSURE)
    assert house.stage.pass_time(8) == []
    said = house.stage.pass_time(2)
    assert "转给同事" in said[0]
    assert house.answers() == ["not by model: out of time"]
    assert rules.MODEL_SECONDS < 15


def test_an_answer_that_comes_too_late_is_known_and_not_said(house: House) -> None:
    house.says(choice("faq:postage"))
    work = house.stage.work.copy()
    house.stage.work.clear()
    house.ask(UNSURE)
    assert "转给同事" in house.stage.pass_time(10)[0]
    house.stage.work.update(work)
    with house.stage.database.write() as session:
        for job in session.query(jobs.Job):
            jobs.wake(session, job.id, house.stage.time)
    assert house.stage.pass_time(60) == []
    assert house.server.requests == []


def test_while_an_operator_answers_the_model_keeps_silent(house: House) -> None:
    def answer(request: object) -> Told:
        house.stage.hear(
            OperatorSpoke(
                key="desk:while", lane="stage:g", occurred_at=house.stage.time, channel="stage",
                conversation="stage:g", group_id="stage:g", text="满39就免哈", operator_id=1, operator_name="周姐",
            )
        )
        return Told(choice("faq:postage"))

    house.server.tell = answer
    assert house.ask(UNSURE) == "满39就免哈"
    assert house.answers() == ["answered meanwhile"]
    assert house.stage.pass_time(30) == []


def test_the_rest_of_the_question_makes_the_first_part_void(house: House) -> None:
    house.says(choice("faq:postage"))
    work = house.stage.work.copy()
    house.stage.work.clear()
    house.ask(UNSURE, who="小王")
    house.ask("几点可以自提", who="小王")
    house.stage.work.update(work)
    said = house.stage.pass_time(3)
    assert [text for text in said if "包邮" in text] == []
    assert "answered meanwhile" in house.answers()


def test_the_same_answer_is_not_said_twice_into_the_talk_of_others(house: House) -> None:
    house.says(choice("faq:pickup"))
    assert "9 点" in house.ask("拿快递几点关门？", to_us=False)
    assert "刚回答过" in house.ask("周末能不能取货", to_us=False)
    assert house.ask("星期天能不能取货？", to_us=False) == ""
    assert "just answered: faq:pickup" in house.answers()


def test_what_the_model_answered_of_is_what_this_means(house: House, always_unsure: None) -> None:
    house.says(choice("product:p1", aspect="price"))
    assert "¥39.9" in house.ask("草莓啥价", who="小王")
    house.says(choice())
    house.ask("这个产地是哪里", who="小王")
    data = json.loads(house.server.requests[-1]["messages"][1]["content"])
    assert data["passages"][0]["id"] == "product:p1"


def test_without_a_key_nothing_changes(house: House) -> None:
    house.stage.parts.shop = replace(house.stage.parts.shop, has_model=False)
    house.ask(UNSURE)
    assert [row for row in house.stage.log() if row.kind == "MessageReceived"][-1].outcome == "unanswered"
    with house.stage.database.read() as session:
        assert {job.kind for job in session.query(jobs.Job)} == {"event"}
    assert "转给同事" in house.stage.pass_time(3)[0]
    assert house.server.requests == []


def test_a_question_left_from_when_there_was_a_key_goes_to_a_person(house: House) -> None:
    asking = Asking(
        house.stage.database, house.stage.parts.shop, None, house.budget, lambda: house.stage.time
    )
    house.stage.work[AnswerWanted] = asking.answer
    house.ask(UNSURE)
    assert house.answers() == ["not by model: no model is set"]
    assert "转给同事" in house.stage.pass_time(3)[0]


@pytest.mark.parametrize("key", ["", "k"])
def test_the_operator_loads_the_library_only_with_a_key(tmp_path: Path, key: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from bot.app import Operator, open_database\n"
        "from bot.settings import Settings\n"
        f"settings = Settings(home={str(tmp_path)!r}, model_key={key!r}, demo=False, _env_file=None)\n"
        "open_database(settings)\n"
        "async def run():\n"
        "    operator = Operator(settings)\n"
        "    await operator.start()\n"
        "    print(operator.parts.shop.has_model, 'openai' in sys.modules)\n"
        "    await operator.stop()\n"
        "asyncio.run(run())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == (["True", "True"] if key else ["False", "False"])


def test_the_settings_make_the_budget() -> None:
    settings = Settings(model_daily_fen=5, model_input_fen=100, model_output_fen=400, _env_file=None)
    budget = budget_of_model(settings)
    assert budget.daily.cost_micro_fen == 5_000_000
    assert budget.cost(10_000, 500) == 1_200_000
    assert settings.model_timeout_seconds < rules.MODEL_SECONDS
