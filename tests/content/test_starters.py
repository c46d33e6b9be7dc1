"""Talk starters: many, of every kind, for every month, and all of them may be said."""

from __future__ import annotations

from collections import Counter
from datetime import date

from content import starters
from content.lint import Facts, check


def test_there_are_at_least_sixty_of_all_kinds_and_each_has_its_own_id_and_words() -> None:
    kinds = Counter(one.kind for one in starters.load())
    assert sum(kinds.values()) >= 60
    assert set(kinds) == set(starters.KINDS.values())
    assert min(kinds.values()) >= 10
    assert len({one.id for one in starters.load()}) == len({one.text for one in starters.load()}) == sum(kinds.values())


def test_all_of_them_and_their_answers_pass_the_guard() -> None:
    known = Facts(today=date(2026, 11, 22))
    found = {one.id: check(f"{one.text}\n{one.answer}", known) for one in starters.load()}
    assert {name: findings for name, findings in found.items() if findings} == {}


def test_every_month_has_something_of_its_own() -> None:
    for month in range(1, 13):
        assert any(one.days for day in range(1, 29) for one in starters.find(date(2026, month, day)))


def test_what_is_made_for_the_season_comes_first_and_what_is_not_stays_out() -> None:
    on_the_day = starters.find(date(2026, 12, 22))
    assert on_the_day[0].days
    assert {"term_dongzhi", "poll_dumpling"} <= {one.id for one in on_the_day}
    assert "term_xiazhi" not in {one.id for one in on_the_day}


def test_a_span_may_run_over_the_end_of_the_year() -> None:
    newyear = next(one for one in starters.load() if one.id == "feast_newyear")
    assert [newyear.fits(date(2026, *day)) for day in ((12, 31), (1, 1), (1, 3), (12, 30))] == [True, True, False, False]


def test_polls_number_their_options_and_quizzes_have_answers() -> None:
    for one in starters.find(kind="poll"):
        assert [f"{number} {words}" for number, words in enumerate(one.options, 1)] == one.text.splitlines()[1:]
    assert all(one.answer for one in starters.find(kind="quiz"))
