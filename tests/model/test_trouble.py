"""Scenes of trouble at the far end: errors, slowness, nonsense, dropped connections; budgets, breaker, kept answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.asking import MOST_AT_ONCE, Asking, Budget
from bot.assistant import Assistant
from bot.breaker import FAILURES, Breaker
from bot.dispatch import Kept
from bot.events import Event, GreetingDue
from bot.jobs import AnswerWanted
from bot.worker import Worker
from storage import model
from storage.model import BudgetSpent, Limit
from tests.model.conftest import PLENTY, House
from tests.model.server import Told, choice
from tests.stage import START, Stage

UNSURE = "买够多少不用付运费"
GOOD = choice("faq:postage")
MALFORMED = (
    "", "包邮", "{", "[]", "null", "42", '"faq:postage"', "```json\n" + GOOD + "\n```", GOOD + GOOD, GOOD + "。",
    '{"cited": "faq:postage"}', '{"cited": ["faq:postage"], "note": "x"}', '{"cited": [1]}', '{"answer": "包邮"}',
    '{"cited": [], "answer": "包邮"}', '{"cited": ["faq:nothere"]}', '{"cited": ["faq:postage", "faq:postage"]}',
    '{"cited": ["faq:postage"], "answer": null}', '{"cited": ["faq:postage"], "answer": ["a"]}',
    '{"cited": ["faq:postage"], "answer": "' + "好" * 900 + '"}', "<think>hm</think>" + GOOD, "\ufeff" + GOOD,
    '{"cited": ["faq:postage"], "aspect": 3}', "x" * 9_000, '{"cited": [' + "[" * 5_000,
)


@pytest.mark.parametrize("is_streaming", [True, False])
@pytest.mark.parametrize("has_usage", [True, False])
def test_a_reply_is_read_at_once_or_as_it_is_written(house: House, is_streaming: bool, has_usage: bool) -> None:
    house.access = replace(house.access, is_streaming=is_streaming)
    house.says(Told(GOOD, has_usage=has_usage))
    assert "包邮" in house.ask(UNSURE)
    assert bool(house.server.requests[0].get("stream")) == is_streaming
    assert (house.tokens() == 450) == has_usage
    assert house.tokens() >= 450


@pytest.mark.parametrize("words", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_reply_goes_to_a_person(house: House, words: str) -> None:
    house.says(words)
    assert house.ask(UNSURE) == ""
    assert house.answers()[0].startswith("not by model: ")
    assert "转给同事" in house.stage.pass_time(3)[0]
    assert len(house.handovers()) == 1


TROUBLES = {
    "500": Told(status=500), "503 with a page": Told(status=503, body=b"<html>busy</html>"),
    "429": Told(status=429, headers=(("retry-after", "20"),)), "401": Told(status=401), "404": Told(status=404),
    "418": Told(status=418), "dropped before": Told(GOOD, drops="before"), "dropped within": Told(GOOD, drops="within"),
    "never ended": Told(GOOD, drops="end"), "slow": Told(GOOD, wait=30), "slow stream": Told(GOOD, pause=5),
    "not json": Told(body=b"hello"), "another json": Told(body=b'{"a": 1}'), "no body": Told(body=b""),
}


@pytest.mark.parametrize("is_streaming", [True, False])
@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_at_the_far_end_goes_to_a_person(house: House, name: str, is_streaming: bool) -> None:
    house.access = replace(house.access, is_streaming=is_streaming)
    house.seconds = 1.0
    if name == "slow stream" and not is_streaming:
        house.says(Told(GOOD, wait=30))
    else:
        house.says(TROUBLES[name])
    begun = time.monotonic()
    said = house.ask(UNSURE)
    assert time.monotonic() - begun < 20
    assert said == ""
    assert house.answers()[0].startswith("not by model: ")
    assert "转给同事" in house.stage.pass_time(3)[0]


def test_nobody_at_the_far_end_goes_to_a_person(house: House) -> None:
    house.access = replace(house.access, base_url="http://127.0.0.1:9/v1")
    assert house.ask(UNSURE) == ""
    assert "broken off" in house.answers()[0]
    assert "转给同事" in house.stage.pass_time(3)[0]


def test_after_failures_the_model_rests_and_then_one_question_tries(house: House) -> None:
    house.says(Told(status=500))
    for number in range(FAILURES + 3):
        house.ask(f"{UNSURE}{'呢' * number}")
    assert len(house.server.requests) == FAILURES
    assert "resting after failures" in house.answers()[-1]
    house.stage.time += timedelta(seconds=31)
    house.says(GOOD)
    assert "包邮" in house.ask(UNSURE)
    assert "包邮" in house.ask("买满多少不用付运费")


def test_who_says_wait_is_left_alone_that_long(house: House) -> None:
    house.says(Told(status=429, headers=(("retry-after", "90"),)))
    house.ask(UNSURE)
    house.stage.time += timedelta(seconds=80)
    house.ask(UNSURE)
    assert len(house.server.requests) == 1
    house.stage.time += timedelta(seconds=11)
    house.ask(UNSURE)
    assert len(house.server.requests) == 2


def test_a_breaker_rests_longer_each_time_and_lets_one_try() -> None:
    breaker, now = Breaker(), START
    for _ in range(FAILURES):
        assert breaker.lets_pass(now)
        breaker.failed(now)
    for rest in (30, 60, 120, 240, 480, 600, 600):
        assert not breaker.lets_pass(now + timedelta(seconds=rest - 1))
        now += timedelta(seconds=rest)
        assert breaker.lets_pass(now)
        assert not breaker.lets_pass(now)  # one tries, the others wait for how it goes
        breaker.failed(now)
    now += timedelta(seconds=600)
    assert breaker.lets_pass(now)
    breaker.succeeded()
    assert all(breaker.lets_pass(now) for _ in range(3))


def test_a_wrong_key_is_not_tried_again_soon() -> None:
    breaker = Breaker()
    breaker.failed(START, is_final=True)
    assert not breaker.lets_pass(START + timedelta(minutes=9))
    assert breaker.lets_pass(START + timedelta(minutes=10))


def test_the_same_question_is_asked_once(house: House) -> None:
    house.says(GOOD)
    for words in (UNSURE, f"请问{UNSURE}呢？", f"{UNSURE}!", "買夠多少不用付運費"):
        assert "包邮" in house.ask(words)
        house.stage.pass_time(120)
    assert len(house.server.requests) == 1
    assert house.answers()[-1] == "by model: faq:postage, kept from before"


def test_none_of_them_is_kept_too(house: House) -> None:
    house.ask(UNSURE)
    house.ask(UNSURE)
    assert len(house.server.requests) == 1


def test_what_the_shop_changed_is_asked_anew(house: House) -> None:
    house.says(GOOD)
    house.ask(UNSURE)
    house.stage.knows("运费怎么算？", "满59元包邮。", ["要邮费吗", "包邮吗"], "postage")
    assert house.ask(UNSURE) == "满59元包邮。"
    assert len(house.server.requests) == 2


def test_trouble_is_not_kept(house: House) -> None:
    house.says(Told(status=500))
    house.ask(UNSURE)
    house.says(GOOD)
    assert "包邮" in house.ask(UNSURE)


def test_kept_answers_are_forgotten_in_time(house: House) -> None:
    house.says(GOOD)
    house.ask(UNSURE)
    house.stage.time += timedelta(days=31)
    house.ask(UNSURE)
    assert len(house.server.requests) == 2
    house.ask("买满多少不用付运费")
    with house.stage.database.read() as session:
        assert model.count_answers(session) == 2


def test_a_group_that_spent_its_budget_is_stopped_and_others_go_on(house: House) -> None:
    house.says(GOOD)
    house.budget = Budget(PLENTY, Limit(6_000, 10**12))
    for number in range(12):
        house.ask(f"{UNSURE}{'呢' if number % 2 else ''}{number}块")
    spent = len(house.server.requests)
    assert 0 < spent < 12
    assert house.answers()[-1] == "not by model: the budget of this group is spent"
    assert house.tokens("stage:g") <= 6_000
    assert "包邮" in house.ask(UNSURE, group="other")
    house.stage.time += timedelta(days=1)
    house.ask(f"{UNSURE}99块")
    assert len(house.server.requests) == spent + 2


def test_all_private_chats_share_one_budget(house: House) -> None:
    house.says(GOOD)
    house.budget = Budget(PLENTY, Limit(6_000, 10**12))
    for number in range(12):
        house.ask(f"{UNSURE}{number}块", group=None)
    assert house.answers()[-1] == "not by model: the budget of this group is spent"
    assert house.tokens("private") <= 6_000


def test_money_stops_as_tokens_do(house: House) -> None:
    house.says(GOOD)
    fen = 1_000_000
    house.budget = Budget(Limit(10**9, 2 * fen), PLENTY, input_fen=100, output_fen=400)  # a call costs 0.06 fen
    for number in range(60):
        house.ask(f"{UNSURE}{number}块")
    assert house.answers()[-1] == "not by model: the budget of the day is spent"
    with house.stage.database.read() as session:
        use = model.find_use(session, "2026-03-02")
    assert use is not None
    assert 0 < use.cost_micro_fen <= 2 * fen
    assert use.cost_micro_fen == use.calls * (400 * 100 + 50 * 400)


def test_a_budget_of_nothing_asks_nothing(house: House) -> None:
    house.budget = Budget(Limit(0, 0), PLENTY)
    house.ask(UNSURE)
    assert house.server.requests == []
    assert "转给同事" in house.stage.pass_time(3)[0]


def test_what_may_have_cost_is_counted_and_what_cannot_is_not(house: House) -> None:
    house.seconds = 0.5
    house.says(Told(status=500))
    house.ask(UNSURE)
    assert house.tokens() == 0
    house.says(Told(GOOD, wait=30))
    house.ask(UNSURE)
    assert house.tokens() > 450


def test_two_at_once_cannot_pass_a_limit_together(stage: Stage) -> None:
    limits = {"": Limit(1_000, 10**9), "g": Limit(1_000, 10**9)}

    def spend() -> int:
        count = 0
        for _ in range(20):
            try:
                with stage.database.write() as session:
                    model.reserve(session, "2026-03-02", limits, 70, 0)
                count += 1
            except BudgetSpent:
                continue
        return count

    async def together() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(spend) for _ in range(4)))

    assert sum(asyncio.run(together())) == 14
    with stage.database.read() as session:
        assert [one.tokens for one in model.find_uses(session, "2026-03-02")] == [980]


def test_a_slow_model_holds_up_no_timer(house: House) -> None:
    """The model's job and a greeting are due together; the greeting does not wait for the model."""
    stage, order = house.stage, []

    async def slowly(job: AnswerWanted) -> Event | None:
        await asyncio.sleep(1.5)
        order.append("model")
        return None

    async def run() -> None:
        greeted, loop = asyncio.Event(), asyncio.get_running_loop()

        def kept(events: Sequence[Kept], has_work: bool) -> None:
            if any(isinstance(one.event, GreetingDue) for one in events):
                loop.call_soon_threadsafe(greeted.set)

        stage.dispatcher.on_kept = kept
        worker = Worker(stage.database, stage.dispatcher, {AnswerWanted: slowly}, lambda: stage.time)
        await worker.start()
        try:
            await asyncio.wait_for(greeted.wait(), 5)
            order.append("greeting")
        finally:
            await worker.stop()

    house.stage.hear(house.stage.message("李四", UNSURE, to_us=True))
    house.stage.joins("阿芳")
    house.stage.time += timedelta(seconds=6)
    asyncio.run(run())
    assert order == ["greeting", "model"]


def test_a_flood_goes_to_people_and_not_into_a_queue(house: House) -> None:
    house.says(Told(GOOD, wait=1))
    assistant = Assistant(house.access)
    asking = Asking(house.stage.database, house.stage.parts.shop, assistant, house.budget, lambda: house.stage.time)

    async def flood() -> list[str]:
        wanted = [job(house, number) for number in range(MOST_AT_ONCE + 8)]
        answers = await asyncio.gather(*(asking.answer(one) for one in wanted))
        await assistant.stop()
        return [answer.verdict for answer in answers]

    verdicts = asyncio.run(flood())
    assert verdicts.count("too many questions at once") == 8
    assert verdicts.count("chosen") > 0


def job(house: House, number: int) -> AnswerWanted:
    return AnswerWanted(
        key=f"answer:{number}", lane="stage:g", channel="stage", conversation="stage:g", group_id="stage:g",
        member_id=f"stage:{number}", member_name=None, asked_id=number, asked_at=house.stage.time.isoformat(),
        asked_key=f"k{number}", question=f"{UNSURE}{number}块", is_addressed=True, passages=("faq:postage", "faq:cod"),
    )


def test_embeddings_choose_what_is_offered_and_are_kept(house: House, always_unsure: None) -> None:
    for number in range(6):
        house.stage.knows(f"第{number}个自提点在哪里？", f"在{number}号门旁边。", [], f"place{number}")
    question = "东边的自提点在哪呀"
    last = house.stage.shelf.knowledge.search(question, limit=12)[-1].passage_id
    door = f"{last[-1]}号门"
    house.access = replace(house.access, embeddings_name="small")
    house.server.vector = lambda text: [1.0, 0.0] if door in text or text == question else [0.1, 1.0]
    house.says(choice(last))
    assert house.ask(question) == f"在{door}旁边。"
    offered = json.loads(house.server.requests[0]["messages"][1]["content"])["passages"]
    assert offered[0]["id"] == last
    assert len(offered) == 5
    first = len(house.server.embedded[0])
    house.stage.time += timedelta(seconds=200)
    house.ask("北边的自提点在哪呀")
    assert len(house.server.embedded) == 2
    assert first > 5 > len(house.server.embedded[1])
    assert house.tokens() > 900


def test_without_vectors_the_retrievers_order_stands(house: House) -> None:
    house.access = replace(house.access, embeddings_name="small")
    house.server.vector = lambda text: []
    house.says(GOOD)
    assert "包邮" in house.ask(UNSURE)
