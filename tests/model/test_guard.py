"""What a model may say: only what stands in its sources. Every false answer is put on the road and must not be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.model_guard_cases import Case, false_answers, numbers, true_answers
from content.sources import Source
from handlers.faq import guard
from storage.handovers import Handover
from storage.model import ModelAnswer
from tests.model.conftest import House, furnish
from tests.model.server import ModelServer, choice
from tests.stage import Stage

pytestmark = pytest.mark.one_database

POSTAGE = Source("faq:postage", "运费", "可以的，满39元包邮，新疆西藏除外。满1,000元另送礼盒。\n周一至周五 9:30 开门。")
BERRY = Source(
    "product:p", "云南高山奶油草莓", "3斤装 大果，¥69.90，还剩 8 份\n3斤装 中果，¥59.90，已售完\n储存方式：冷藏2-6℃",
    ("云南高山奶油草莓", "草莓"),
)
CHERRY = Source("product:c", "智利车厘子", "¥129，每箱\n还剩 8 份", ("智利车厘子", "车厘子"))


@pytest.mark.parametrize(
    "answer",
    [
        "满39元包邮，新疆西藏除外。", "可以的，满39元包邮，新疆西藏除外。", "满1000元另送礼盒。", "滿39元包郵，新疆西藏除外", "周一至周五9:30开门",
        "满 39 元 包邮，新疆西藏除外；满1,000元另送礼盒", "您好！满39元包邮，新疆西藏除外哦～有问题随时问我们",
    ],
)
def test_a_quotation_may_be_said(answer: str) -> None:
    assert guard.fault(answer, [POSTAGE]) is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("满39元包邮。", "leaves out"), ("满38元包邮，新疆西藏除外。", "not in"), ("满1.000元另送礼盒", "not in"), ("您好！", "says nothing"),
        ("", "empty"), ("   \n", "empty"), ("。。。", "says nothing"), ("好" * 401, "too long"), ("您好，" * 17 + "满1000元另送礼盒", "too many"),
        ("满3\u200b9元包邮，新疆西藏除外。", "strange"), ("满39\u0336元包邮", "strange"), ("满③⑨元包邮", "strange"), ("满½元包邮", "strange"),
        ("满39元包邮\u202e，新疆西藏除外", "strange"), ("周一至周五 9 30 开门", "not in"), ("周一至周五 930 开门", "not in"),
        ("周一至周五 9.30 开门", "not in"), ("新疆西藏除外。", "not in"), ("可以的。", "leaves out"), ("包邮", "not in"),
    ],
)
def test_what_is_not_a_quotation_may_not_be_said(answer: str, why: str) -> None:
    assert why in (guard.fault(answer, [POSTAGE]) or "")


@pytest.mark.parametrize(
    ("answer", "is_said"),
    [
        ("草莓3斤装大果，69.9元，还剩8份。", True), ("草莓 3斤装 中果，¥59.9", True), ("草莓，3斤装大果，59.9元", False), ("草莓59.9元", False),
        ("3斤装大果，69.9元", False), ("草莓冷藏2-6℃", False), ("草莓储存方式：冷藏2-6℃", True), ("草莓储存方式：冷藏26℃", False),
        ("草莓储存方式：冷藏2到6℃", False), ("草莓3斤装大果，还剩8份", False), ("草莓3斤装中果，¥59.90，还剩8份", False),
    ],
)
def test_one_kinds_price_is_not_said_of_another(answer: str, is_said: bool) -> None:
    assert (guard.fault(answer, [BERRY]) is None) == is_said


@pytest.mark.parametrize(
    ("answer", "is_said"),
    [
        ("草莓3斤装大果，69.9元。车厘子129元，每箱。", True), ("车厘子还剩8份，草莓3斤装大果。", True), ("草莓129元，车厘子3斤装大果", False),
        ("草莓3斤装大果，69.9元。129元，每箱。", False), ("车厘子129元", False),
    ],
)
def test_a_fact_belongs_to_the_product_named_before_it(answer: str, is_said: bool) -> None:
    assert (guard.fault(answer, [BERRY, CHERRY]) is None) == is_said


def asked(house: House, case: Case) -> list[str]:
    """What the group hears when the model gives this answer."""
    house.says(choice(case.cited, answer=case.answer))
    before = len(house.stage.channel.said)
    house.ask(case.question)
    house.stage.pass_time(4)
    return [text for _, text in house.stage.channel.said[before:]]


@pytest.mark.parametrize("kind", sorted({case.kind for case in false_answers()}))
def test_no_false_answer_is_said(tmp_path: Path, server: ModelServer, kind: str, always_unsure: None) -> None:
    stage = Stage(f"sqlite:///{tmp_path}/tuan.db")
    try:
        house = furnish(stage, server)
        for case in (case for case in false_answers() if case.kind == kind):
            with stage.database.write() as session:
                session.query(ModelAnswer).delete()  # or the first answer would be kept for all
                session.query(Handover).delete()
            said = asked(house, case)
            assert case.answer not in said, case
            assert len(said) <= 1, case
            assert not said or "转给同事" in said[0], (case, said)
        assert all(reason.startswith("not by model: ") for reason in house.answers())
        assert len(house.answers()) == len(server.requests)
    finally:
        stage.close()


def test_there_are_enough_false_answers_of_every_kind() -> None:
    cases = false_answers()
    assert len({(case.cited, case.answer) for case in cases}) >= 200
    kinds = [case.kind for case in cases]
    assert min(kinds.count(kind) for kind in set(kinds)) >= 20


@pytest.mark.parametrize("case", true_answers(), ids=lambda case: case.answer)
def test_faithful_answers_are_said(house: House, case: Case, always_unsure: None) -> None:
    assert asked(house, case) == [case.answer]


def test_the_judge_reads_numbers_in_every_writing() -> None:
    assert numbers("满３９元，第二十一天，1,000克，4️⃣9️⃣，半价") == {39.0, 21.0, 1000.0, 49.0, 0.5}
