"""Posts and plans as an operator writes them, checked before they become rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot import recurrence
from bot.recurrence import BadRecurrence
from content.findings import Finding
from content.render import is_plain
from handlers.posts.messages import FIELDS, NEEDED
from storage import plans, posts
from storage.plans import AFTER, ASK, CRON, ONCE, SEND, SKIP, TO_GROUP, TO_MEMBER, Plan

MAX_PARTS, MAX_TAGS, MAX_FIELD, MAX_GROUPS = 6, 20, 4_000, 5_000
FARTHEST = timedelta(days=5 * 366)
FARTHEST_MINUTES = 366 * 24 * 60
SEGMENTS = ("min_members", "max_members", "active_days", "quiet_days")


class BadPost(ValueError):
    """What an operator wrote cannot be a post; `where` is the field."""

    def __init__(self, where: str, why: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why, self.findings = where, why, list(findings)


class BadPlan(ValueError):
    """What an operator wrote cannot be a plan; `where` is the field."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


@dataclass(frozen=True, slots=True)
class Editor:
    """Who writes."""

    name: str
    is_admin: bool = False


@dataclass(slots=True)
class PostDraft:
    """A post as it is written. Each part is {"kind": text|picture|card|mini} with the fields of messages.FIELDS."""

    title: str
    kind: str
    parts: Sequence[Mapping[str, Any]]
    tags: Sequence[str] = ()
    product_id: str | None = None

    def check_form(self) -> None:
        """Raises BadPost."""
        if not 0 < len(self.title.strip()) <= 120 or not is_plain(self.title):
            raise BadPost("title", "a title has 1 to 120 characters")
        if self.kind not in posts.KINDS:
            raise BadPost("kind", f"is one of {', '.join(posts.KINDS)}")
        if len(self.tags) > MAX_TAGS or any(not 0 < len(tag) <= 40 or not is_plain(tag) for tag in self.tags):
            raise BadPost("tags", f"at most {MAX_TAGS}, each up to 40 characters")
        if not 0 < len(self.parts) <= MAX_PARTS:
            raise BadPost("parts", f"a post has 1 to {MAX_PARTS} parts")
        for number, part in enumerate(self.parts):
            self._check_part(f"parts.{number}", part)
        if sum(part["kind"] == posts.POLL for part in self.parts) > 1:
            raise BadPost("parts", "a post has one poll at most")

    def _check_part(self, where: str, part: Mapping[str, Any]) -> None:
        if part.get("kind") not in FIELDS:
            raise BadPost(where, f"is one of {', '.join(FIELDS)}")
        if set(part) - {"kind"} - set(FIELDS[part["kind"]]):
            raise BadPost(where, f"has {', '.join(FIELDS[part['kind']])} and nothing else")
        for name in FIELDS[part["kind"]]:
            words = part.get(name, "")
            if not isinstance(words, str) or len(words) > MAX_FIELD or not is_plain(words):
                raise BadPost(f"{where}.{name}", f"words, up to {MAX_FIELD} characters")
            if not words.strip() and name in NEEDED[part["kind"]]:
                raise BadPost(f"{where}.{name}", "is missing")
            if name in ("url", "picture") and words and not is_address(words):
                raise BadPost(f"{where}.{name}", "is an address that begins with https://, http:// or /")


def is_address(words: str) -> bool:
    """An address on the web, or on our own pages."""
    if words.startswith("/"):
        return not words.startswith("//") and "\\" not in words
    try:
        parts = urlsplit(words)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@dataclass(slots=True)
class PlanDraft:
    """A plan as it is written. `when`: for ONCE a time on the wall («2026-03-29T20:00»), for CRON words or a cron line, for
    AFTER what it is relative to (join, group, drop_opens …) with `offset_minutes` and perhaps `at_time` («10:00»).
    `starts_at`, `ends_at` are dates on the wall, both included."""

    name: str
    post_id: int
    when_kind: str
    when: str
    time_zone: str
    audience: Mapping[str, Any]
    offset_minutes: int = 0
    at_time: str = ""
    addressee: str = TO_GROUP
    starts_on: str = ""
    ends_on: str = ""
    skipped_days: Sequence[str] = ()
    skips_holidays: bool = False
    late_policy: str = SEND
    late_minutes: int = 60
    _read: dict[str, Any] = field(default_factory=dict)

    def check_form(self, now: datetime) -> None:
        """Raises BadPlan."""
        if not 0 < len(self.name.strip()) <= 120 or not is_plain(self.name):
            raise BadPlan("name", "a name has 1 to 120 characters")
        if self.late_policy not in (SEND, SKIP, ASK) or not 0 <= self.late_minutes <= 7 * 24 * 60:
            raise BadPlan("late_policy", "send up to 7 days late, skip, or ask")
        self._check_audience()
        try:
            recurrence.zone_of(self.time_zone)
            self._read = {"once_at": None, "cron": None, "anchor": None} | self._read_when(now) | self._read_days()
        except BadRecurrence as bad:
            raise BadPlan("when", str(bad)) from None

    def _read_when(self, now: datetime) -> dict[str, Any]:
        if self.when_kind == CRON:
            return {"cron": recurrence.read(self.when)}
        if self.when_kind == AFTER:
            return self._read_anchor()
        if self.when_kind != ONCE:
            raise BadPlan("when_kind", "is once, cron or after")
        try:
            wall = datetime.fromisoformat(self.when)
        except ValueError:
            raise BadPlan("when", "is a date and a time, like 2026-03-29T20:00") from None
        if wall.tzinfo is not None or not 2000 < wall.year < 3000:
            raise BadPlan("when", "is a time on the wall, without a zone")
        if not recurrence.is_on_the_wall(wall, self.time_zone):
            raise BadPlan("when", "the clocks leave this time out on that day")
        at = recurrence.to_utc(wall, self.time_zone)
        if at < now:
            raise BadPlan("when", "is past")
        if at > now + FARTHEST:
            raise BadPlan("when", "is too far away")
        return {"once_at": at}

    def _read_anchor(self) -> dict[str, Any]:
        if self.when not in plans.ANCHORS:
            raise BadPlan("when", f"is one of {', '.join(plans.ANCHORS)}")
        if abs(self.offset_minutes) > FARTHEST_MINUTES or (self.offset_minutes < 0 and self.when in (plans.JOIN, plans.GROUP)):
            raise BadPlan("offset_minutes", "up to a year, and not before a join")
        if self.at_time:
            try:
                time.fromisoformat(self.at_time)
            except ValueError:
                raise BadPlan("at_time", "is a time of day, like 10:00") from None
        if self.addressee not in (TO_GROUP, TO_MEMBER) or (self.addressee == TO_MEMBER and self.when != plans.JOIN):
            raise BadPlan("addressee", "only a post that follows a join can go to the member alone")
        return {"anchor": self.when}

    def _read_days(self) -> dict[str, Any]:
        read: dict[str, Any] = {"starts_at": None, "ends_at": None}
        try:
            for day in self.skipped_days:
                datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007
            if self.starts_on:
                start = datetime.strptime(self.starts_on, "%Y-%m-%d")  # noqa: DTZ007
                read["starts_at"] = recurrence.to_utc(start, self.time_zone)
            if self.ends_on:
                end = datetime.strptime(self.ends_on, "%Y-%m-%d") + timedelta(days=1)  # noqa: DTZ007
                read["ends_at"] = recurrence.to_utc(end, self.time_zone) - timedelta(microseconds=1)
        except (ValueError, OverflowError):
            raise BadPlan("days", "are dates like 2026-10-01") from None
        if len(self.skipped_days) > 400:
            raise BadPlan("days", "at most 400 days off")
        return read

    def _check_audience(self) -> None:
        named = [name for name in ("all", "tags", "groups") if self.audience.get(name)]
        if len(named) != 1 or set(self.audience) - {"all", "tags", "groups", *SEGMENTS}:
            raise BadPlan("audience", "is all, tags or groups, perhaps with a segment")
        for name in ("tags", "groups"):
            listed = self.audience.get(name) or []
            if not isinstance(listed, list) or len(listed) > MAX_GROUPS or not all(isinstance(one, str) for one in listed):
                raise BadPlan("audience", f"{name} are a list of words")
        for name in SEGMENTS:
            number = self.audience.get(name)
            if number is not None and (not isinstance(number, int | float) or not 0 <= number <= 10**7):
                raise BadPlan("audience", f"{name} is a number")

    def fill(self, plan: Plan) -> None:
        """Write it on the row; after check_form."""
        plan.name, plan.post_id, plan.when_kind, plan.time_zone = self.name.strip(), self.post_id, self.when_kind, self.time_zone
        plan.audience = json.dumps(dict(self.audience), ensure_ascii=False, sort_keys=True)
        plan.offset_minutes, plan.at_time, plan.addressee = self.offset_minutes, self.at_time or None, self.addressee
        plan.skipped_days = json.dumps(sorted(set(self.skipped_days)))
        plan.skips_holidays, plan.late_policy, plan.late_minutes = self.skips_holidays, self.late_policy, self.late_minutes
        for name, value in self._read.items():
            setattr(plan, name, value)
