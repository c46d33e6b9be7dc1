"""What an operator writes is bounded: templates that never end, unknown names, times that are none, odd characters."""

from __future__ import annotations

from typing import Any

import pytest

from content import render
from content.render import BrokenTemplate
from handlers.posts.drafts import BadPlan, BadPost
from storage.plans import AFTER, ONCE
from tests.posts.conftest import VALUES, Planner
from tests.stage import Stage

SAMPLES = {name: value.sample for name, value in VALUES.items()}
ENDLESS = [
    "{% for i in range(10**9) %}{{ i }}{% endfor %}",
    "{% for a in '" + "x" * 1000 + "' %}{% for b in '" + "x" * 1000 + "' %}{% for c in '" + "x" * 1000 + "' %}{% endfor %}{% endfor %}{% endfor %}",
    "{{ 'a' * 1000000000 }}", "{{ 9**9**9 }}", "{{ '%1000000000d' % 1 }}", "{{ '{:>1000000000}'.format(1) }}", "{{ 'a'|center(1000000000) }}",
    "{{ 'a'.ljust(1000000000) }}", "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 60,
    "{{ 'aaaa'" + "|replace('a', 'aaaaaaaaaa')" * 60 + " }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ 'ab'" + "|join('abcdefgh')" * 60 + " }}", "{{ " + "(" * 1500 + "1" + ")" * 1500 + " }}",
    "{{ " + "not " * 900 + "1 }}", "{{ " + "1," * 1900 + "1 }}", "{{ 1|round(1000000000, 'ceil') }}",
    "{% for g in group recursive %}{{ loop(g) }}{% endfor %}",
    "{" * 4000, "{{" * 2000, "{% if 1 %}" * 390, "{% include 'x' %}", "{% import 'x' as x %}",
    "{{ ''.__class__.__mro__ }}", "{{ shop['__class__'] }}",
    "{{ self }}", "{{ _rounds }}", "{{ group|attr('__class__') }}", "{{ loop }}", "{{ 1/0 }}", "{{ '\\ud800' }}", "{{ '\\0' }}", "长" * 4001,
]  # fmt: skip


@pytest.mark.parametrize("source", ENDLESS, ids=lambda source: source[:30])
def test_a_template_that_would_not_end_or_says_too_much_is_refused_at_once(source: str) -> None:
    with pytest.raises(BrokenTemplate):
        render.check(source, SAMPLES)
    with pytest.raises(BrokenTemplate):
        render.render(source + " {{ '' }}", SAMPLES)


def test_the_most_a_template_may_do_takes_no_time() -> None:
    worst = "{% for a in '" + "x" * 490 + "' %}" + "{% if group.name ~ product.brief ~ product.name in 'y' %}{% endif %}" * 30 + "{% endfor %}"
    assert render.render(worst, SAMPLES) == ""


def test_what_operators_need_stays_possible() -> None:
    source = "{% if product.stock < 10 %}只剩{{ product.stock }}{{ product.unit }}{% else %}{{ product.price_fen|money }}{% endif %}"
    source += "{% for one in ['甲', '乙'] %}{{ loop.index }}.{{ one }} {% endfor %}{{ ['甲', '乙']|join('、') }}{{ group.members + 1 }}"
    render.check(source, SAMPLES)
    assert render.render(source, SAMPLES).endswith("1.甲 2.乙 甲、乙129")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ produkt.name }}", "product.price"), ("{{ product.prise }}", "product.price"), ("{{ drop.seats }}", "group.members"),
        ("{% if false %}{{ nothing }}{% endif %}", "today.date"), ("{{ product.name", "line 1"), ("  ", "missing"),
    ],
)
def test_an_unknown_name_is_refused_with_the_names_there_are(planner: Planner, text: str, told: str) -> None:
    with pytest.raises(BadPost, match=told):
        planner.post(text)


@pytest.mark.parametrize(
    "parts",
    [
        [], [{"kind": "text", "text": "a"}] * 7, [{"kind": "video", "text": "a"}], [{"kind": "text"}], [{"kind": "text", "text": 5}],
        [{"kind": "text", "text": "a", "mention": "x"}], [{"kind": "picture", "url": "javascript:alert(1)"}],
        [{"kind": "picture", "url": "//evil.example/a"}], [{"kind": "card", "title": "a", "url": "file:///etc/passwd"}],
        [{"kind": "text", "text": "a\x00b"}], [{"kind": "text", "text": "\ud83d"}], [{"kind": "mini", "title": "a"}],
    ],
)  # fmt: skip
def test_odd_parts_are_refused(planner: Planner, parts: list[dict[str, Any]]) -> None:
    from handlers.posts import actions
    from handlers.posts.drafts import PostDraft
    from tests.posts.conftest import MANAGER

    with pytest.raises(BadPost):
        planner.do(actions.save_post, PostDraft("t", "talk", parts), MANAGER, VALUES, planner.stage.time)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"when": "0 0 30 2 *"}, "when"), ({"when": "每天 12:00", "ends_on": "2026-03-01"}, "when"), ({"when": "* * * * *"}, "when"),
        ({"when_kind": ONCE, "when": "2026-03-01T09:00"}, "when"), ({"when_kind": ONCE, "when": "2126-03-01T09:00"}, "when"),
        ({"when_kind": ONCE, "when": "2026-03-29T02:30", "time_zone": "Europe/Berlin"}, "when"),
        ({"when_kind": ONCE, "when": "2026-03-29T02:30+08:00"}, "when"), ({"when_kind": ONCE, "when": "gestern"}, "when"),
        ({"when": "每天 12:00", "time_zone": "Mars/Olympus"}, "when"), ({"when": "每天 12:00", "time_zone": "../../etc/passwd"}, "when"),
        ({"when": "每天 12:00", "audience": {}}, "audience"), ({"when": "每天 12:00", "audience": {"all": True, "tags": ["a"]}}, "audience"),
        ({"when": "每天 12:00", "audience": {"groups": [1]}}, "audience"), ({"when": "每天 12:00", "skipped_days": ["morgen"]}, "days"),
        ({"when": "每天 12:00", "late_minutes": 10**9}, "late_policy"),
        ({"when": "join", "when_kind": AFTER, "offset_minutes": -5}, "offset_minutes"),
        ({"when": "drop; --", "when_kind": AFTER}, "when"), ({"when": "drop_opens", "when_kind": AFTER, "addressee": "member"}, "addressee"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_kept(planner: Planner, more: dict[str, Any], where: str) -> None:
    post = planner.post()
    with pytest.raises(BadPlan) as bad:
        planner.plan(post, **more)
    assert bad.value.where == where
    assert planner.rows() == []


def test_a_post_that_breaks_only_with_live_values_is_skipped_with_its_reason(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post("{{ 12 // (group.members - 1) }}"))
    stage.joins("小王")
    assert [text for text in stage.pass_time(600) if text.isdigit()] == []
    assert planner.states(plan) == [("skipped", "broken: integer division or modulo by zero")]
