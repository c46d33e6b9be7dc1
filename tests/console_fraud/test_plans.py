"""A campaign whose plan breaks a rule does not start, and one in force is not changed into such a plan."""

from __future__ import annotations

from storage import campaigns
from storage.terms import Reward, Terms
from tests.console.conftest import Room
from tests.console_fraud.conftest import campaign
from tests.console_rewards.test_rewards import FORM


def draft(room: Room, *rewards: Reward, name: str = "春季推荐", **more: int) -> str:
    now = room.stage.time
    with room.stage.database.write() as session:
        campaigns.insert_draft(session, {
            "id": "cmp_draft", "name": name, "starts_at": now, "ends_at": None, "created_at": now, "created_by": "周姐",
        })
        terms = Terms(campaign_id="cmp_draft", version=1, rewards=rewards, **more)
        campaigns.write_terms(session, terms, now, "周姐")
    return "cmp_draft"


def status(room: Room) -> str:
    with room.stage.database.read() as session:
        return str(campaigns.get(session, "cmp_draft").status)


def starts(room: Room, language: str = "zh") -> str:
    browser = room.browser("admin", language=language)
    browser.get("/campaigns/cmp_draft")
    return browser.post("/campaigns/cmp_draft/start").text


def test_a_lawful_plan_starts_and_links_to_its_rules(room: Room) -> None:
    draft(room, Reward(level=1, amount=300))
    page = room.browser("admin").get("/campaigns/cmp_draft").text
    assert "合规检查" in page
    assert "不知道毛利" in page
    assert "/r/rules/cmp_draft" in starts(room)
    assert status(room) == "running"


def test_more_than_the_price_and_unlawful_words_do_not_start(room: Room) -> None:
    product = room.stage.sells("奶油草莓", 400)
    draft(
        room, Reward(level=0, unit="coupon", kind="flat", amount=200, scope="product", target=product),
        Reward(level=1, kind="flat", amount=200, scope="product", target=product), name="发展下线躺赚",
    )  # fmt: skip
    page = room.browser("admin").get("/campaigns/cmp_draft").text
    assert "不低于售价" in page
    assert "拉人头" in page
    assert "不能开始" in starts(room)
    assert status(room) == "draft"


def test_what_is_refused_is_said_in_english_too(room: Room) -> None:
    draft(room, Reward(level=1, amount=10_000))
    assert "It cannot start: what friend and referrer get comes to the price or more" in starts(room, "en")


def test_terms_in_force_are_not_changed_into_a_refused_plan(room: Room) -> None:
    campaign_id = campaign(room)
    browser = room.browser("admin")
    browser.get(f"/campaigns/{campaign_id}/terms")
    answer = browser.post(f"/campaigns/{campaign_id}/terms", FORM | {"reward_amount": "100"})
    assert answer.status_code == 422
    assert "不低于售价" in answer.text
    with room.stage.database.read() as session:
        assert campaigns.get(session, campaign_id).version == 1
