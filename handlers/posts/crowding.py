"""Where adverts get in each other's way, over all groups at once: more on a day than the rules allow, too near each other, or
in the quiet hours; cheap with thousands of plans, because a time's groups are the bits of one number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from bot.hours import is_within, read_spans
from bot.recurrence import zone_of
from handlers.posts import month, planning
from storage import groups, mix, occurrences, plans
from storage.mix import MixRules
from storage.plans import ACTIVE
from storage.posts import ADVERT

Told = tuple[datetime, int, int]  # an advert: when, its plan, its groups as bits


@dataclass(slots=True)
class Crowd:
    """What gets in whose way on a day: groups by reason, and the entries (plan, time) that the rules would keep back."""

    too_many: frozenset[str] = frozenset()
    too_near: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()
    kept: set[tuple[int, datetime]] = field(default_factory=set)

    @property
    def groups(self) -> frozenset[str]:
        return self.too_many | self.too_near | self.quiet


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of today's adverts is used or planned: groups by how many there are, the fullest first."""

    most: int
    fullest: Sequence[tuple[str, int]]
    full: int


class Bits:
    """Groups as bits, in the order they are met."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self._known: dict[frozenset[str], int] = {}

    def of(self, group_ids: frozenset[str]) -> int:
        mask = self._known.get(group_ids)
        if mask is None:
            mask = 0
            for one in group_ids:
                mask |= 1 << self.places.setdefault(one, len(self.places))
            self._known[group_ids] = mask
        return mask

    def names(self, mask: int) -> frozenset[str]:
        return frozenset(one for one, place in self.places.items() if mask >> place & 1)


def find_crowds(
    session: Session, since: datetime, until: datetime, now: datetime, zone: str
) -> tuple[dict[date, Crowd], Budget]:
    """The days from today on in [since, until) on which something is in the way, and the budget of today. Groups with rules
    of their own are judged by those."""
    bits, wall = Bits(), zone_of(zone)
    midnight = datetime.combine(now.astimezone(wall).date(), datetime.min.time(), wall)
    days: dict[date, list[Told]] = {}
    for at, plan_id, group_ids in _find_adverts(session, midnight, max(until, midnight + timedelta(days=1)), now, zone):
        days.setdefault(at.astimezone(wall).date(), []).append((at, plan_id, bits.of(group_ids)))
    own = _by_rules(session, bits)
    found = {}
    for day, told in days.items():
        if since <= told[0][0] < until:
            crowd = _judge(sorted(told), own, bits, zone)
            if crowd.groups:
                found[day] = crowd
    return found, _budget(session, days.get(midnight.date(), []), bits)


def _find_adverts(
    session: Session, since: datetime, until: datetime, now: datetime, zone: str
) -> Iterator[tuple[datetime, int, frozenset[str]]]:
    """Adverts said, on their way or planned: the rows there are, and the times of plans that are no rows yet."""
    rows: dict[tuple[datetime, int], set[str]] = {}
    for row in occurrences.find_adverts(session, since, until):
        rows.setdefault((row.planned_at, row.plan_id), set()).add(row.group_id)
    for (at, plan_id), group_ids in rows.items():
        yield at, plan_id, frozenset(group_ids)
    written, closed = occurrences.find_slots(session, now), planning.find_closed_days(session)
    touched, months = {plan_id for plan_id, _ in written}, month.months_of(since, until)
    ahead = plans.find_timed(session, since, until, [ADVERT])
    groups_of = month.find_audiences(session, {row.audience for row in ahead}, now, frozenset())
    for plan_id, state, audience, next_at, *facts in ahead:
        if state != ACTIVE:
            continue
        for at, _ in month.times_of(facts, max(next_at, since), until, zone, closed, months):
            meant = groups_of[audience]
            if plan_id in touched:
                meant = meant.difference(written.get((plan_id, occurrences.slot_of(at)), ()))
            yield at, plan_id, meant


def _by_rules(session: Session, bits: Bits) -> list[tuple[MixRules, int]]:
    """The shop's rules with all groups, less those that have their own."""
    own = [(mix.get_rules(session, one), 1 << bits.places[one]) for one in mix.find_changes(session) if one in bits.places]
    others = (1 << len(bits.places)) - 1
    for _, mask in own:
        others &= ~mask
    return [(mix.get_rules(session), others), *own]


def _judge(told: Sequence[Told], own: Sequence[tuple[MixRules, int]], bits: Bits, zone: str) -> Crowd:
    crowd, many, near, quiet = Crowd(), 0, 0, 0
    for rules, whose in own:
        layers, lately, span = [0] * rules.adverts_a_day, deque[tuple[datetime, int]](), timedelta(minutes=rules.minutes_apart)
        spans, wall = read_spans(rules.quiet), zone_of(zone)
        for at, plan_id, mask in told:
            meant = left = mask & whose
            if not meant:
                continue
            for number, layer in enumerate(layers):
                layers[number], left = layer | left, layer & left
            while lately and at - lately[0][0] >= span:
                lately.popleft()
            close = _overlap(meant, lately)
            lately.append((at, meant))
            local = at.astimezone(wall)
            silent = meant if is_within(local.hour * 60 + local.minute, spans) else 0
            many, near, quiet = many | left, near | close, quiet | silent
            if left | close | silent:
                crowd.kept.add((plan_id, at))
    crowd.too_many, crowd.too_near, crowd.quiet = bits.names(many), bits.names(near), bits.names(quiet)
    return crowd


def _overlap(meant: int, lately: deque[tuple[datetime, int]]) -> int:
    """Those of these groups that had an advert lately; the newest are asked first."""
    found = 0
    for _, one in reversed(lately):
        found |= one & meant
        if found == meant:
            break
    return found


def _budget(session: Session, told: Sequence[Told], bits: Bits) -> Budget:
    most = mix.get_rules(session).adverts_a_day
    counts = {one: sum(mask >> place & 1 for _, _, mask in told) for one, place in bits.places.items()}
    fullest = sorted((one for one in counts.items() if one[1]), key=lambda one: (-one[1], one[0]))
    names: Mapping[str, str] = groups.find_names(session, [one for one, _ in fullest[:5]])
    full = sum(count >= mix.get_rules(session, one).adverts_a_day for one, count in fullest)
    return Budget(most, [(names.get(one, one), count) for one, count in fullest[:5]], full)

