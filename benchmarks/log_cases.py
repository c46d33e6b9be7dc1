"""The pages of the log that its benchmark asks for: each filter alone, typical pairs, searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from benchmarks.log_data import DAYS, RARE

Query = Mapping[str, Any]

ALONE: Mapping[str, Query] = {
    "a busy group": {"group": "web:g000"},
    "a quiet group": {"group": "web:g199"},
    "a talkative member": {"member": "web:m_00001"},
    "a silent member": {"member": "web:m_04990"},
    "feature faq": {"feature": "faq"},
    "feature welcome": {"feature": "welcome"},
    "answered": {"outcome": "answered"},
    "unanswered": {"outcome": "unanswered"},
    "chatter": {"outcome": "none"},
    "refused (none)": {"outcome": "refused"},
    "resting": {"state": "resting"},
    "waiting (none)": {"state": "waiting"},
    "done": {"state": "done"},
    "joins": {"kind": "MemberJoined"},
    "topics (few)": {"kind": "TopicChanged"},
    "messages": {"kind": "MessageReceived"},
    "with a reply": {"reply": "1"},
}
PAIRS: Mapping[str, Query] = {
    "group, unanswered": {"group": "web:g000", "outcome": "unanswered"},
    "group, faq": {"group": "web:g010", "feature": "faq"},
    "group, with a reply": {"group": "web:g010", "reply": "1"},
    "member, answered": {"member": "web:m_00001", "outcome": "answered"},
    "faq, silent": {"feature": "faq", "outcome": "silent"},
    "faq, done (none)": {"feature": "faq", "outcome": "done"},
    "joins, with a reply (none)": {"kind": "MemberJoined", "reply": "1"},
}
SEARCHES: Mapping[str, Query] = {
    "common word": {"q": "多少"},
    "another": {"q": "孩子"},
    "rare word": {"q": RARE},
    "no hit": {"q": "鹦鹉"},
    "a name": {"q": "王伟"},
    "words of a reply": {"q": "送到楼下"},
    "two words": {"q": "孩子 作业"},
    "one character": {"q": "好"},
    "Latin": {"q": "ok"},
}
SEARCHED: Mapping[str, Query] = {
    "word, group": {"q": "孩子", "group": "web:g010"},
    "word, quiet group": {"q": "孩子", "group": "web:g199"},
    "word, answered": {"q": "发货", "outcome": "answered"},
    "word, unanswered": {"q": "发货", "outcome": "unanswered"},
    "word, member": {"q": "孩子", "member": "web:m_00001"},
    "rare word, group": {"q": RARE, "group": "web:g000"},
}


def cases(now: datetime) -> Iterator[tuple[str, str, Query]]:
    """(class, name, query) of every kind of page."""

    def days(first: int, last: int | None = None) -> Query:
        since = {"since": (now - timedelta(days=first)).date().isoformat()}
        return since if last is None else since | {"until": (now - timedelta(days=last)).date().isoformat()}

    alone = {
        "one old day": days(DAYS - 5, DAYS - 5),
        "since last week": days(7),
        "until two months ago": {"until": days(60)["since"]},
    }
    pairs = {
        "group, a month": {"group": "web:g010", **days(60, 30)},
        "answered, ten days": {"outcome": "answered", **days(70, 60)},
    }
    searched = {"word, ten days": {"q": "孩子", **days(70, 60)}}
    yield "first page", "no filter", {}
    for kind, group in (
        ("one filter", {**ALONE, **alone}),
        ("two filters", {**PAIRS, **pairs}),
        ("search", SEARCHES),
        ("search, filter", {**SEARCHED, **searched}),
    ):
        for name, query in group.items():
            yield kind, name, query
