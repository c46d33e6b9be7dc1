"""Knowledge health: coverage, resolution and abstention by day and group, top misses, stale and contradicting entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import faq_forms
from bot.console.healthy_days import ByGroup, total
from bot.console.pages import get
from bot.console.visit import Visit
from storage import faq, groups, learning, products, proposals
from storage.faq import FaqEntry
from storage.health import Tally
from storage.operators import VIEWER

PERIODS = {"7": 7, "30": 30}
SHOWN = 10
NEW_FOR = timedelta(days=14)  # an entry younger than this has had no time to be asked
UNUSED_FOR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Chart:
    """One share by day, drawn as a line over bars; days without questions leave a gap."""

    days: Sequence[date]
    shares: Sequence[float | None]
    counts: Sequence[int]

    WIDTH, HEIGHT, FLOOR = 600, 150, 130

    def x(self, at: int) -> float:
        return round((at + 0.5) * self.WIDTH / len(self.days), 1)

    def y(self, share: float) -> float:
        return round(self.FLOOR - share * (self.FLOOR - 12), 1)

    @property
    def bars(self) -> list[tuple[float, float, float]]:
        """(x, y, height) of each day's questions, the busiest a third of the chart."""
        top = max([*self.counts, 1])
        return [
            (self.x(at), round(self.FLOOR - 42 * many / top, 1), round(42 * many / top, 1))
            for at, many in enumerate(self.counts)
        ]

    @property
    def lines(self) -> list[str]:
        """The points of each unbroken stretch of days."""
        stretches: list[list[str]] = [[]]
        for at, share in enumerate(self.shares):
            if share is None:
                stretches.append([])
            else:
                stretches[-1].append(f"{self.x(at)},{self.y(share)}")
        return [" ".join(stretch) for stretch in stretches if stretch]

    @property
    def dots(self) -> list[tuple[float, float, date, float]]:
        return [
            (self.x(at), self.y(share), self.days[at], share)
            for at, share in enumerate(self.shares) if share is not None
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unused:
    """An entry nobody was answered with lately; `last_at` None when never."""

    entry: FaqEntry
    last_at: datetime | None


def show(visit: Visit) -> Response:
    period = visit.chosen("days", list(PERIODS)) or "7"
    group_id, many = visit.query("group", 120), PERIODS[period]
    days = visit.desk.healthy_days.find(visit.now, many)
    earlier = visit.desk.healthy_days.find(visit.now, many, back=many) if many == PERIODS["7"] else None
    with visit.read() as session:
        known_groups = {row.id: row.name for row in groups.find_all(session)}
        misses = proposals.find(session, proposals.OPEN, limit=SHOWN)
        unhelpful = learning.find_least_helpful(session, visit.now - timedelta(days=many), SHOWN)
        titles = _titles(session, [row[0] for row in unhelpful])
        entries = faq.find_wordings(session)
        unused = _unused(entries, learning.find_uses(session), visit.now)
        contradictions = _contradictions(entries)
    tallies = [_of(found, group_id) for _, found in days]
    return visit.page(
        "learning_health.html", period=period, group_id=group_id, groups=known_groups, sum=total(tallies),
        before=total([_of(found, group_id) for _, found in earlier]) if earlier is not None else None,
        tallies=tallies, by_group=_by_group(days), misses=misses, unhelpful=unhelpful, titles=titles,
        unused=unused[:SHOWN], unused_count=len(unused), contradictions=contradictions[:SHOWN],
        contradiction_count=len(contradictions), charts=_charts([day for day, _ in days], tallies),
    )


def _of(found: ByGroup, group_id: str) -> Tally:
    """A day's tally of one group («-» for private chats), or of all."""
    if not group_id:
        return total(list(found.values()))
    return found.get("" if group_id == "-" else group_id, Tally())


def _by_group(days: Sequence[tuple[date, ByGroup]]) -> list[tuple[str, Tally]]:
    """Every group with questions, the busiest first."""
    sums: dict[str, Tally] = {}
    for _, found in days:
        for group_id, tally in found.items():
            sums[group_id] = sums.get(group_id, Tally()) + tally
    return sorted(((name, tally) for name, tally in sums.items() if tally.asked), key=lambda one: -one[1].asked)


def _charts(days: Sequence[date], tallies: Sequence[Tally]) -> dict[str, Chart]:
    asked, answered = [one.asked for one in tallies], [one.answered for one in tallies]
    return {
        "coverage": Chart(days, [one.coverage for one in tallies], asked),
        "resolution": Chart(days, [one.resolution for one in tallies], answered),
    }


def _titles(session: Session, passage_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """For each passage its title and its page in the console."""
    found = {}
    for passage_id in passage_ids:
        kind, _, row_id = passage_id.partition(":")
        row = faq.find(session, row_id) if kind == "faq" else products.find(session, row_id)
        title = row.question if isinstance(row, FaqEntry) else row.name if row is not None else passage_id
        found[passage_id] = (title, f"/console/{'faq' if kind == 'faq' else 'products'}/{row_id}" if row else "")
    return found


def _unused(
    entries: Sequence[FaqEntry], uses: dict[str, tuple[int, datetime]], now: datetime
) -> list[Unused]:
    """Entries that answered nobody for two months, the longest unused first; new ones are given time."""
    found = []
    for entry in entries:
        _, last_at = uses.get(f"faq:{entry.id}", (0, None))
        is_old = entry.is_enabled and now - entry.updated_at > NEW_FOR
        if is_old and (last_at is None or now - last_at > UNUSED_FOR):
            found.append(Unused(entry, last_at))
    return sorted(found, key=lambda one: (one.last_at is not None, one.last_at or now, one.entry.id))


def _contradictions(entries: Sequence[FaqEntry]) -> list[tuple[str, list[FaqEntry]]]:
    """Wordings that lead to entries with different answers, each with its entries."""
    askers: dict[str, dict[str, FaqEntry]] = {}
    words: dict[str, str] = {}
    for entry in entries:
        if entry.is_enabled:
            for wording in (entry.question, *entry.phrasing_list):
                if key := faq_forms.same_key(wording):
                    askers.setdefault(key, {})[entry.id] = entry
                    words.setdefault(key, wording)
    return [
        (words[key], list(found.values()))
        for key, found in askers.items()
        if len({entry.answer.strip() for entry in found.values()}) > 1
    ]


PAGES = (get("/learning/health", show, VIEWER),)
