"""Fills an empty SQLite database with interactions as a year of many groups would leave them, by bulk insert."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from benchmarks.talk import CHATTER, questions
from storage import inbox, migrate, outbox, search
from storage.database import Database
from storage.groups import Group
from storage.members import Member

Shape = tuple[str, str | None, str, str | None, float]

GROUPS, MEMBERS, BATCH, DAYS = 200, 5_000, 10_000, 90
RARE, RARE_EVERY = "琥珀", 200_000  # a word that stands in very few rows
FAMILY, GIVEN = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗",
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英子涵欣怡",
)
# (kind, heard_by, outcome, reason, share of all rows); the rest is chatter nobody heard.
SHAPES: tuple[Shape, ...] = (
    ("MessageReceived", "faq", "answered", "faq:faq_delivery_when", 0.08),
    ("MessageReceived", "faq", "silent", "unsure: faq:faq_delivery_when", 0.04),
    ("MessageReceived", "faq", "unanswered", "nothing known", 0.006),
    ("MessageReceived", "menu", "done", None, 0.004),
    ("MessageReceived", "service", "handover", "asked for a person", 0.003),
    ("MemberJoined", "community,welcome", "done", None, 0.01),
    ("GreetingDue", "welcome", "done", None, 0.005),
    ("MemberLeft", "community", "done", None, 0.002),
    ("TopicChanged", "community", "done", None, 0.0002),
    ("OperatorSpoke", "service", "done", "said by admin", 0.003),
)
SAYS = {"answered", "handover"}


def make(database: Database, rows: int, seed: int = 7) -> None:
    """Groups, members, `rows` interactions, what was said to them, and the search over both."""
    chance = random.Random(seed)
    migrate.upgrade(database)
    end = datetime.now(UTC).replace(microsecond=0)
    members = [(f"web:m_{number:05d}", _name(chance)) for number in range(MEMBERS)]
    with database.write() as session:
        session.connection().execute(insert(Group), [_group(number, end) for number in range(GROUPS)])
        session.connection().execute(
            insert(Member),
            [
                {"id": row_id, "channel": "web", "name": name, "note": "", "created_at": end}
                for row_id, name in members
            ],
        )
    asked = questions()
    step = timedelta(days=DAYS) / rows
    for first in range(1, rows + 1, BATCH):
        batch = list(
            _rows(chance, first, min(first + BATCH, rows + 1), members, asked, end - step * rows, step)
        )
        _write(database, chance, batch)


def _write(database: Database, chance: random.Random, batch: list[dict[str, Any]]) -> None:
    said = [_saying(row, number) for number, row in enumerate(batch) if row["outcome"] in SAYS]
    replies = {saying["cause_id"]: saying["text"] for saying in said}
    with database.write() as session:
        inbox.insert_all(session, batch)
        if said:
            outbox.insert_all(session, said)
        search.index(
            session,
            [
                (row["id"], f"{row['member_name']} {row['text'] or ''} {replies.get(row['id'], '')}")
                for row in batch
            ],
        )


def _rows(
    chance: random.Random,
    first: int,
    end: int,
    members: list[tuple[str, str]],
    asked: list[str],
    started: datetime,
    step: timedelta,
) -> Iterator[dict[str, Any]]:
    weights = [shape[4] for shape in SHAPES]
    shapes = [*SHAPES, ("MessageReceived", None, "none", None, 0.0)]
    weights.append(1 - sum(weights))
    for row_id, shape in zip(range(first, end), chance.choices(shapes, weights, k=end - first), strict=True):
        # A few groups and members talk most: squares of even numbers crowd at the low end.
        group = f"web:g{int(GROUPS * chance.random() ** 2):03d}"
        member = members[int(MEMBERS * chance.random() ** 2)]
        text = chance.choice(asked) if shape[1] == "faq" else chance.choice(CHATTER)
        yield _row(chance, row_id, shape, group, member, text, started + step * row_id)


def _row(
    chance: random.Random,
    row_id: int,
    shape: Shape,
    group: str,
    member: tuple[str, str],
    text: str,
    at: datetime,
) -> dict[str, Any]:
    kind, heard_by, outcome, reason, _share = shape
    is_resting = row_id % 50_000 == 49_999
    words = text + (f"，{RARE}色的那款" if row_id % RARE_EVERY == 0 else "")
    return {
        "id": row_id,
        "key": f"bench:{row_id}",
        "kind": kind,
        "lane": group,
        "channel": "web",
        "conversation": group,
        "group_id": group,
        "member_id": member[0],
        "member_name": member[1],
        "text": words if kind in ("MessageReceived", "OperatorSpoke") else None,
        "detail": None,
        "occurred_at": at,
        "received_at": at,
        "state": inbox.RESTING if is_resting else inbox.DONE,
        "tries": 5 if is_resting else 0,
        "next_try_at": None,
        "error": "ValueError: broken" if is_resting else None,
        "heard_by": heard_by,
        "outcome": outcome,
        "reason": reason,
        "confidence": round(chance.random(), 3) if heard_by == "faq" else None,
        "latency_ms": int(chance.expovariate(1 / 9)) + 2,
        "cause_id": None,
    }


def _saying(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "key": None,
        "channel": "web",
        "conversation": row["conversation"],
        "group_id": row["group_id"],
        "member_id": row["member_id"],
        "kind": "text",
        "text": "下午四点前下单当天发货，第二天送到楼下。",
        "body": "{}",
        "feature": row["heard_by"],
        "cause_id": row["id"],
        "operator_id": None,
        "priority": 0,
        "state": outbox.SENT,
        "reason": None,
        "tries": 1,
        "created_at": row["received_at"],
        "due_at": row["received_at"],
        "leased_until": None,
        "sent_at": row["received_at"],
        "sent_no": row["id"] * 10 + number % 10,
        "channel_message_id": f"s{row['id']}",
    }


def _group(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": f"web:g{number:03d}",
        "channel": "web",
        "code": f"g{number:03d}",
        "name": f"邻里{number + 1}群",
        "topic": "",
        "language": "zh",
        "speaks": "confident",
        "is_welcoming": True,
        "created_at": now,
    }


def _name(chance: random.Random) -> str:
    return chance.choice(FAMILY) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2))))
