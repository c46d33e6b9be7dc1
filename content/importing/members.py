"""Members from rows: who they are on their channel, and the groups they are in; a row a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content.importing import fields
from content.importing.checking import check_all
from content.importing.headers import MEMBER, known_as
from content.importing.products import ADDED, UNCHANGED, UPDATED
from content.importing.reading import Row
from content.importing.refusals import Refused, RefusedRow
from storage import groups, members


@dataclass(slots=True)
class Checked:
    """A member as they are to be stored, and the groups the file puts them in, each with its line."""

    line: int
    values: dict[str, Any]
    groups: dict[str, int] = field(default_factory=dict)
    lines: int = 1

    @property
    def id(self) -> str:
        return str(self.values["id"])


def check(rows: Sequence[Row]) -> tuple[list[Checked], list[RefusedRow]]:
    """What can be stored and what is refused. Several rows with one id are one member in several groups."""
    return check_all(rows, _member, _join)


def _member(row: Row) -> Checked:
    named = {known_as(name, MEMBER): value for name, value in row.values.items()}
    given = fields.identity(named.get("id"), "编号 id", 100)
    channel = fields.words(named.get("channel"), "渠道 channel", 20) or (
        given.partition(":")[0] if ":" in given else "web"
    )
    if not given.startswith(f"{channel}:"):
        given = f"{channel}:{given}"
    values = {
        "id": given,
        "channel": channel,
        "name": fields.words(named.get("name"), "昵称 name", 80, is_needed=True),
    }
    if "note" in named:
        values["note"] = fields.words(named["note"], "备注 note", 400)
    listed = fields.several(named.get("group"), "群 group", most=50, longest=120)
    return Checked(
        row.line, values, {code if ":" in code else f"{channel}:{code}": row.line for code in listed}
    )


def _join(before: Checked, one: Checked) -> None:
    fresh = {group: line for group, line in one.groups.items() if group not in before.groups}
    if one.values["name"] != before.values["name"]:
        raise Refused(
            f"编号与第 {before.line} 行相同，昵称却不同", f"has the id of line {before.line} but another name"
        )
    if not fresh:
        raise Refused(f"与第 {before.line} 行重复", f"says again what line {before.line} says")
    before.groups.update(fresh)
    before.lines += 1


def store(
    session: Session, batch: Sequence[Checked], now: datetime, *, dry_run: bool
) -> Iterator[tuple[Checked, str | Refused]]:
    """Write who is new or changed, and put them into their groups; nobody is greeted for an import."""
    known = members.find_with_ids(session, [one.id for one in batch])
    here = groups.find_existing_ids(session, [group for one in batch for group in one.groups])
    present = groups.find_present(session, [one.id for one in batch])
    for one in batch:
        missing = [group for group in one.groups if group not in here]
        if missing:
            yield (
                one,
                Refused(
                    f"没有「{missing[0]}」这个群，请先建群",
                    f"there is no group {missing[0]}; create it first",
                ),
            )
            continue
        before = known.get(one.id)
        joining = {(group, one.id): now for group in one.groups if (group, one.id) not in present}
        if before is not None and not joining and _is_same(before, one.values):
            yield one, UNCHANGED
            continue
        if not dry_run:
            members.save(session, one.values, now)
            if joining:
                groups.join_all(session, joining)
        yield one, ADDED if before is None else UPDATED


def _is_same(before: members.Member, values: Mapping[str, Any]) -> bool:
    return all(getattr(before, name) == value for name, value in values.items())
