"""Carries a content plan out to rows of a file and in again: known plans are changed, others added, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import recurrence
from bot.recurrence import BadRecurrence
from bot.values import Values
from content.importing.plan import DEFAULTS, PlanRow
from content.importing.refusals import Refused
from handlers.posts import actions, desk
from handlers.posts.drafts import SEGMENTS, BadPlan, BadPost, Editor, PlanDraft, PostDraft
from storage import groups, plans, posts
from storage.plans import ACTIVE, AFTER, CRON, ONCE, PAUSED, Plan
from storage.posts import Post

ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"
OF_POST = ("title", "kind", "parts", "tags", "product")


def find_rows(session: Session) -> list[PlanRow]:
    """Every active and paused plan that is no trial, oldest first."""
    found = [plan for plan in plans.find(session) if not plan.is_trial]
    return [row_of(session, plan) for plan in reversed(found)]


def row_of(session: Session, plan: Plan) -> PlanRow:
    """A plan and its post as they stand in a file."""
    post = posts.get(session, plan.post_id)
    audience = plan.audience_of
    listed = ["all"] if audience.get("all") else list(audience.get("groups") or [f"#{tag}" for tag in audience["tags"]])
    values = DEFAULTS | _of_post(session, post) | {
        "name": plan.name, "when_kind": plan.when_kind, "when": _when(plan), "time_zone": plan.time_zone, "groups": listed,
        "offset_minutes": plan.offset_minutes, "at_time": plan.at_time or "", "addressee": plan.addressee,
        "starts_on": _day(plan, plan.starts_at), "ends_on": _day(plan, plan.ends_at),
        "skipped_days": plan.skipped_day_list, "skips_holidays": plan.skips_holidays, "late_policy": plan.late_policy,
        "late_minutes": plan.late_minutes, "state": plan.state,
    } | {name: audience.get(name) for name in SEGMENTS}  # fmt: skip
    return PlanRow(0, plan.id, plan.post_id, values)


def _of_post(session: Session, post: Post) -> dict[str, Any]:
    version = posts.get_version(session, post.id, post.version)
    return {
        "title": post.title, "kind": post.kind, "parts": version.part_list, "tags": post.tag_list,
        "product": version.product_id or "",
    }


def _when(plan: Plan) -> str:
    if plan.when_kind == ONCE and plan.once_at is not None:
        return _wall(plan, plan.once_at).isoformat(timespec="auto")
    return (plan.cron if plan.when_kind == CRON else plan.anchor) or ""


def _wall(plan: Plan, at: datetime) -> datetime:
    return at.astimezone(recurrence.zone_of(plan.time_zone)).replace(tzinfo=None)


def _day(plan: Plan, at: datetime | None) -> str:
    return "" if at is None else _wall(plan, at).date().isoformat()


@dataclass(slots=True)
class Carrier:
    """Brings rows in for one editor. Posts of the file that were made are kept in mind, so that its rows share them."""

    editor: Editor
    values: Values
    zone: str
    now: Callable[[], datetime]
    _made: dict[tuple[int | None, str], int] = field(default_factory=dict)

    def store(self, session: Session, row: PlanRow) -> str:
        """Write a row in a savepoint; gives added, updated or unchanged. Raises Refused, with nothing of it written."""
        try:
            with session.begin_nested():
                return self._store(session, row)
        except (BadPlan, BadPost) as bad:
            raise Refused(f"「{bad.where}」{bad.why}", f"{bad.where} {bad.why}") from None
        except BadRecurrence as bad:
            raise Refused(f"「when」{bad}", f"when: {bad}") from None

    def _store(self, session: Session, row: PlanRow) -> str:
        plan = self._find_plan(session, row)
        before = row_of(session, plan).values if plan is not None else DEFAULTS | {"time_zone": self.zone}
        wanted = before | row.values
        wanted["time_zone"] = wanted["time_zone"] or self.zone
        wanted["title"] = wanted["title"] or wanted["name"]
        wanted["groups"] = _find_groups(session, wanted["groups"])
        wanted["when"] = _normal(wanted["when_kind"], wanted["when"])
        if wanted["state"] not in (ACTIVE, PAUSED):
            raise Refused("「状态 state」应当是 active 或 paused", "state should be active or paused")
        if plan is not None and wanted == before:
            return UNCHANGED
        post_id = self._save_post(session, row, wanted, plan)
        if plan is None or {**wanted, **dict.fromkeys(OF_POST)} != {**before, **dict.fromkeys(OF_POST)} or plan.post_id != post_id:
            self._save_plan(session, wanted, post_id, plan)
        return ADDED if plan is None else UPDATED

    def _find_plan(self, session: Session, row: PlanRow) -> Plan | None:
        """By its number, where its name or its post's title is the row's too (the number may be another shop's); else by
        its name."""
        open_plans = [plan for plan in plans.find(session) if not plan.is_trial]
        name, title = row.values.get("name", ""), row.values.get("title", "")
        for plan in open_plans:
            if plan.id == row.plan_id and (plan.name == name or posts.get(session, plan.post_id).title == title):
                return plan
        named = [plan for plan in open_plans if plan.name == name]
        if len(named) > 1:
            raise Refused(f"有几个计划都叫「{name}」，请写上编号", f"several plans are named {name}; write the number")
        return named[0] if named else None

    def _save_post(self, session: Session, row: PlanRow, wanted: dict[str, Any], plan: Plan | None) -> int:
        key = (row.post_id, wanted["title"])
        post_id = self._made.get(key) or (plan.post_id if plan is not None else self._find_post(session, row, wanted))
        asked = {name: wanted[name] for name in OF_POST}
        if post_id is None or _of_post(session, posts.get(session, post_id)) != asked:
            draft = PostDraft(wanted["title"], wanted["kind"], wanted["parts"], wanted["tags"], wanted["product"] or None)
            post_id = actions.save_post(session, draft, self.editor, self.values, self.now(), post_id)[0].id
        self._made[key] = post_id
        return post_id

    def _find_post(self, session: Session, row: PlanRow, wanted: dict[str, Any]) -> int | None:
        """A post of the library that says the very same; any other title or word is a new post."""
        asked = {name: wanted[name] for name in OF_POST}
        same = [one for one in posts.find(session, words=wanted["title"], limit=200) if _of_post(session, one) == asked]
        taken = set(self._made.values())
        return next((one.id for one in reversed(same) if one.id == row.post_id or one.id not in taken), None)

    def _save_plan(self, session: Session, wanted: dict[str, Any], post_id: int, plan: Plan | None) -> None:
        listed = wanted["groups"]
        tags = [one[1:] for one in listed if one.startswith("#")]
        audience: dict[str, Any] = {"all": True} if listed == ["all"] else {"tags": tags} if tags else {"groups": listed}
        if not listed or (tags and len(tags) != len(listed)):
            raise Refused("「群 groups」写 all、#标签 或群编号，不能混写", "groups are all, #tags, or ids of groups, one kind of them")
        audience |= {name: wanted[name] for name in SEGMENTS if wanted[name] is not None}
        names = ("offset_minutes", "at_time", "addressee", "starts_on", "ends_on", "skipped_days", "skips_holidays",
                 "late_policy", "late_minutes")  # fmt: skip
        draft = PlanDraft(
            wanted["name"], post_id, wanted["when_kind"], wanted["when"], wanted["time_zone"], audience,
            **{name: wanted[name] for name in names},
        )
        now = self.now()
        saved = actions.save_plan(session, draft, self.editor, now, plan.id if plan is not None else None)
        if wanted["state"] == PAUSED and saved.state == ACTIVE:
            desk.pause_plan(session, saved.id, now)
        elif wanted["state"] == ACTIVE and saved.state == PAUSED:
            desk.resume_plan(session, saved.id, now)


def _normal(when_kind: str, when: str) -> str:
    """The same time written one way, so that what did not change is seen."""
    if when_kind == CRON:
        return recurrence.read(when)
    if when_kind == ONCE:
        try:
            return datetime.fromisoformat(when).isoformat(timespec="auto")
        except ValueError:
            raise Refused(f"「时间 when」{when} 不是时间", f"when: {when} is no date and time") from None
    if when_kind != AFTER:
        raise Refused("「时间类型 when_kind」应当是 once、cron 或 after", "when_kind should be once, cron or after")
    return when


def _find_groups(session: Session, listed: Sequence[str]) -> list[str]:
    """Ids of groups; a code stands for a group of the web. Raises Refused for one that is not there."""
    if listed == ["all"] or any(one.startswith("#") for one in listed):
        return list(listed)
    wanted = [one if ":" in one else f"web:{one}" for one in listed]
    known = groups.find_existing_ids(session, wanted)
    missing = next((one for one in wanted if one not in known), None)
    if missing is not None:
        raise Refused(f"没有「{missing}」这个群", f"there is no group {missing}")
    return wanted


class _Undone(Exception):
    """A dry run ends here, with nothing kept."""


@dataclass(slots=True)
class Carried:
    """What became of the rows: how many were added, updated, unchanged, and those refused, each (line, why)."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((ADDED, UPDATED, UNCHANGED), 0))
    refused: list[tuple[int, Refused]] = field(default_factory=list)


def bring_in(
    write: Callable[[], Any], rows: Sequence[PlanRow], carrier: Carrier, *, dry_run: bool, batch: int = 50
) -> Carried:
    """Store rows, some in a transaction (`write` opens one); a dry run does everything in one and takes it back."""
    done = Carried()
    size = max(1, len(rows)) if dry_run else batch
    for start in range(0, len(rows), size):
        try:
            with write() as session:
                for row in rows[start : start + size]:
                    try:
                        done.counts[carrier.store(session, row)] += 1
                    except Refused as reason:
                        done.refused.append((row.line, reason))
                if dry_run:
                    raise _Undone
        except _Undone:
            return done
    return done
