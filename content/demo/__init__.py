"""The demo shop: a believable community shop, its groups and members, and one evening of talk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from content.importing import faq, products, reading
from storage import groups, members, revisions
from storage.faq import find_all_ids as find_entry_ids
from storage.products import find_all_ids as find_product_ids

FOLDER = Path(__file__).parent
CHANNEL = "web"
MARK = "demo"  # the counter that says how far the demo is loaded
CATALOGUE, PLAYED = 1, 2
DAYS_AGO = 40  # the first member of the demo groups joined so long ago


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the evening: somebody says something, or enters; `at` is the time since its beginning."""

    number: int
    at: timedelta
    who: str
    say: str = ""
    is_to_us: bool = False
    inviter: str | None = None

    @property
    def is_join(self) -> bool:
        return not self.say


def member_id(name: str) -> str:
    """The id of a demo member, the same on every machine."""
    return f"{CHANNEL}:m_demo{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _load(name: str) -> Any:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((FOLDER / name).read_text("utf-8"), loader)  # noqa: S506


def load_shop(session: Session, now: datetime) -> None:
    """Put the catalogue, the FAQ, the groups and their members into an empty database."""
    for noun, name in ((products, "products.yaml"), (faq, "faq.yaml")):
        rows, refused = reading.read(FOLDER / name)
        checked, more = noun.check(rows)
        if refused or more:
            raise ValueError(f"{name}: line {[*refused, *more][0].line}")
        for _ in noun.store(session, checked, now, dry_run=False):
            continue
    for number, group in enumerate(_load("shop.yaml")["groups"]):
        _found(session, group, now - timedelta(days=DAYS_AGO) + timedelta(hours=number))
    revisions.rise(session, MARK)


def _found(session: Session, group: dict[str, Any], since: datetime) -> None:
    """A group and its members, who came one after another and were welcomed then."""
    lead, group_id = _load("shop.yaml")["lead"], f"{CHANNEL}:{group['code']}"
    groups.insert_once(
        session,
        [
            {
                "id": group_id, "channel": CHANNEL, "code": group["code"], "name": group["name"],
                "topic": group["topic"], "language": "zh", "speaks": groups.SPEAK_CONFIDENT,
                "is_welcoming": True, "created_at": since,
            }
        ],
    )  # fmt: skip
    names = group["members"]
    members.keep(session, [(member_id(name), CHANNEL, name) for name in names], since)
    step = timedelta(days=DAYS_AGO - 5) / len(names)
    groups.join_all(
        session, {(group_id, member_id(name)): since + step * place for place, name in enumerate(names)}
    )
    groups.set_staff(session, group_id, member_id(lead), True)


def group_id() -> str:
    """The group the evening is played in."""
    return f"{CHANNEL}:{_load('shop.yaml')['groups'][0]['code']}"


def evening() -> list[Line]:
    """The lines in their order; those of one minute follow each other by two seconds."""
    lines: list[Line] = []
    before, at = -1, timedelta()
    for number, line in enumerate(_load("evening.yaml")):
        # A different second for every minute, so that it does not look as if told by a clock.
        fresh = timedelta(minutes=line["minute"], seconds=number * 17 % 41)
        at = at + timedelta(seconds=2) if line["minute"] == before else fresh
        before = line["minute"]
        lines.append(
            Line(number, at, line["who"], line.get("say", ""), bool(line.get("mention")), line.get("inviter"))
        )
    return lines


def bot_name() -> str:
    """What the lines of the evening call us."""
    return str(_load("shop.yaml")["bot"])


def is_only_demo(session: Session) -> bool:
    """Nothing but the demo's products, FAQ entries and groups is in the shop; its groups may have talked."""
    product_ids = {row["id"] for row in _load("products.yaml")}
    entry_ids = {row["id"] for row in _load("faq.yaml")}
    group_ids = {f"{CHANNEL}:{group['code']}" for group in _load("shop.yaml")["groups"]}
    return (
        find_product_ids(session) <= product_ids
        and find_entry_ids(session) <= entry_ids
        and {group.id for group in groups.find_all(session)} <= group_ids
    )
