"""Reads a plan from its form: friendly fields become the words of a PlanDraft, and a plan's row becomes fields again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from bot.console.post_forms import split
from bot.recurrence import zone_of
from handlers.posts.drafts import SEGMENTS, PlanDraft
from storage.plans import AFTER, CRON, JOIN, ONCE, SEND, TO_GROUP, Plan

REPEATS = ("once", "daily", "weekly", "monthly", "cron", "after")
TEXTS = (
    "name", "post_id", "repeat", "day", "time", "monthdays", "cron", "anchor", "offset", "unit", "side", "at_time", "addressee",
    "audience", "tags", "starts_on", "ends_on", "skipped_days", "late_policy", "late_minutes", *SEGMENTS,
)
MINUTES = {"minutes": 1, "hours": 60, "days": 1440}
LINE = re.compile(r"(\d{1,2}) (\d{1,2}) (\*|[\d,]+) \* (\*|[\d,]+)")
DEFAULTS = {
    "repeat": "once", "time": "20:00", "anchor": JOIN, "unit": "days", "side": "after", "addressee": TO_GROUP,
    "audience": "groups", "late_policy": SEND, "late_minutes": "60", "offset": "1",
}
# A fault of the draft → the field that shows it.
SHOWN_AT = {"when_kind": "repeat", "offset_minutes": "offset", "days": "skipped_days"}


@dataclass(slots=True)
class PlanForm:
    """A plan as typed."""

    values: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    weekdays: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def draft(self, zone: str) -> PlanDraft:
        """Raises nothing: what is no number stays a fault of its field."""
        values = self.values
        kind, when = self._when()
        late, offset = self._number("late_minutes", 60), self._number("offset", 0)
        offset *= MINUTES.get(values["unit"], 1) * (-1 if values["side"] == "before" else 1)
        is_after = kind == AFTER
        return PlanDraft(
            values["name"], self._number("post_id", 0), kind, when, zone, self._audience(),
            offset_minutes=offset if is_after else 0, at_time=values["at_time"] if is_after else "",
            addressee=values["addressee"] if is_after else TO_GROUP, starts_on=values["starts_on"],
            ends_on=values["ends_on"], skipped_days=split(values["skipped_days"]),
            skips_holidays=bool(values.get("skips_holidays")), late_policy=values["late_policy"], late_minutes=late,
        )

    def _when(self) -> tuple[str, str]:
        values = self.values
        hour, _, minute = values["time"].partition(":")
        at = f"{int(minute)} {int(hour)}" if hour.isdecimal() and minute.isdecimal() else f"{values['time']} ?"
        match values["repeat"]:
            case "daily":
                return CRON, f"{at} * * *"
            case "weekly":
                return CRON, f"{at} * * {','.join(self.weekdays) or '?'}"
            case "monthly":
                return CRON, f"{at} {','.join(re.findall(r'[0-9]+', values['monthdays'])) or '?'} * *"
            case "cron":
                return CRON, values["cron"]
            case "after":
                return AFTER, values["anchor"]
            case _:
                return ONCE, f"{values['day']}T{values['time']}"

    def _audience(self) -> Mapping[str, Any]:
        values = self.values
        chosen: dict[str, Any] = {"all": True}
        if values["audience"] == "tags":
            chosen = {"tags": split(values["tags"])}
        elif values["audience"] == "groups":
            chosen = {"groups": self.groups}
        return chosen | {name: self._number(name, 0) for name in SEGMENTS if values[name]}

    def _number(self, name: str, default: int) -> int:
        written = str(self.values[name])
        return int(written) if re.fullmatch(r"[0-9]{1,9}", written) else -1 if written else default


def read(form: FormData) -> PlanForm:
    values: dict[str, Any] = {name: _text(form.get(name)) for name in TEXTS}
    values["skips_holidays"] = bool(form.get("skips_holidays"))
    chosen = {name: [_text(one)[:120] for one in form.getlist(name)] for name in ("weekdays", "groups")}
    return PlanForm(values, [one for one in chosen["weekdays"] if re.fullmatch("[0-6]", one)], chosen["groups"])


def empty(**more: str) -> PlanForm:
    return PlanForm(dict.fromkeys(TEXTS, "") | DEFAULTS | more)


def of_plan(plan: Plan) -> PlanForm:
    """The fields of a plan that is there."""
    wall = zone_of(plan.time_zone)
    form = empty(name=plan.name, post_id=str(plan.post_id), late_policy=plan.late_policy, late_minutes=str(plan.late_minutes))
    values, audience = form.values, plan.audience_of
    values["audience"] = next((one for one in ("all", "tags", "groups") if audience.get(one)), "all")
    values["tags"], form.groups = "、".join(audience.get("tags", ())), list(audience.get("groups", ()))
    values |= {name: str(audience[name]) for name in SEGMENTS if audience.get(name) is not None}
    values["starts_on"] = plan.starts_at.astimezone(wall).date().isoformat() if plan.starts_at else ""
    values["ends_on"] = plan.ends_at.astimezone(wall).date().isoformat() if plan.ends_at else ""
    values["skipped_days"], values["skips_holidays"] = "、".join(plan.skipped_day_list), plan.skips_holidays
    if plan.when_kind == ONCE and plan.once_at is not None:
        local = plan.once_at.astimezone(wall)
        values |= {"repeat": "once", "day": local.date().isoformat(), "time": local.strftime("%H:%M")}
    elif plan.when_kind == CRON:
        _read_line(form, plan.cron or "")
    else:
        _read_offset(values, plan)
    return form


def _read_line(form: PlanForm, cron: str) -> None:
    found = LINE.fullmatch(cron)
    form.values["cron"] = cron
    if found is None or (found[3] != "*" and found[4] != "*"):
        form.values["repeat"] = "cron"
        return
    form.values["time"] = f"{int(found[2]):02d}:{int(found[1]):02d}"
    form.values["repeat"] = "monthly" if found[3] != "*" else "weekly" if found[4] != "*" else "daily"
    form.values["monthdays"] = found[3].replace(",", "、") if found[3] != "*" else ""
    form.weekdays = [str(int(one) % 7) for one in found[4].split(",")] if found[4] != "*" else []


def _read_offset(values: dict[str, Any], plan: Plan) -> None:
    size = abs(plan.offset_minutes)
    unit = next(name for name in ("days", "hours", "minutes") if size % MINUTES[name] == 0)
    values |= {
        "repeat": "after", "anchor": plan.anchor or JOIN, "offset": str(size // MINUTES[unit]), "unit": unit,
        "side": "before" if plan.offset_minutes < 0 else "after", "at_time": plan.at_time or "", "addressee": plan.addressee,
    }


def _text(value: Any) -> str:
    return value.replace("\0", "").strip()[:4000] if isinstance(value, str) else ""
