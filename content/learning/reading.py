"""Reads the inbox as it grows and keeps what it teaches: proposals, demand, answers that did not help, what is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from content.knowledge import Knowledge
from content.learning.clustering import MOST_CLUSTERS, Clusters, Shape
from content.learning.findings import Finder, Findings
from storage import demands, learning, proposals, revisions
from storage.database import Database
from storage.proposals import WRITTEN, Found

NAME = "learning"
LAG = timedelta(seconds=150)  # what may still be asked back, answered after a second line, or committed by a slow lane
REACH = timedelta(days=30)  # how far back a first reading goes
FORGET_AFTER = timedelta(days=60)
A_ROUND = 200  # rows read before what they teach is written: on SQLite the lane waits meanwhile


@dataclass(slots=True)
class Growth:
    """What one proposal gained in a round; `known_id` is None while it is new."""

    known_id: int | None
    found: list[tuple[Found, Shape]] = field(default_factory=list)


class Learner:
    """Reads new interactions once; safe to call from any thread, one reading at a time."""

    def __init__(self, database: Database, knowledge: Knowledge, most: int = MOST_CLUSTERS) -> None:
        self._database, self._knowledge, self._most = database, knowledge, most
        self._turn = threading.Lock()
        self._clusters = Clusters(most)
        self._mark: int | None = None
        self._settled = -1

    def read_on(self, now: datetime) -> int:
        """Read everything that is new; gives how many interactions that were."""
        with self._turn:
            total = 0
            while read := self._round(now):
                total += read
            if total:
                with self._database.write() as session:
                    gone = proposals.forget_old(session, now - FORGET_AFTER)
                for proposal_id in gone:
                    self._clusters.remove(proposal_id)
            return total

    def _round(self, now: datetime) -> int:
        with self._database.read() as session:
            seen = learning.find_mark(session, NAME)
            self._keep_in_step(session, seen)
            start = learning.find_start(session, now - REACH) if seen is None else seen
            rows = learning.find_new(session, start, now - LAG, A_ROUND)
            finder = Finder(session, self._knowledge, self._clusters)
            found = Findings()
            for row in rows:
                if learning.is_read(row):
                    finder.look_at(row, found)
        if not rows:
            return 0
        last = int(rows[-1].id)
        growths = list(self._group(found.asked))
        try:
            with self._database.write() as session:
                learning.move_mark(session, NAME, seen, last)
                self._write(session, growths, found)
        except BaseException:
            self._mark = None  # what is in memory may not be what is kept: load it again
            raise
        self._mark = last
        return len(rows)

    def _keep_in_step(self, session: Session, seen: int | None) -> None:
        """Load the clusters when somebody else read on, and let go of those an operator accepted."""
        settled = revisions.count(session, proposals.SETTLED)
        if self._mark is None or self._mark != seen:
            self._clusters = Clusters(self._most)
            for proposal_id, text in proposals.find_absorbing(session, self._most):
                shape = self._clusters.shape(text)
                if shape is not None:
                    self._clusters.add(proposal_id, [shape])
        elif settled != self._settled:
            for proposal_id in proposals.find_accepted(session):
                self._clusters.remove(proposal_id)
        self._settled, self._mark = settled, seen

    def _group(self, asked: list[Found]) -> Iterator[Growth]:
        """Put questions into the clusters they belong to, or beside each other into new ones."""
        fresh = Clusters(A_ROUND)
        growths: dict[tuple[bool, int], Growth] = {}
        for one in asked:
            shape = self._clusters.shape(one.text)
            if shape is None:
                continue
            known, new = self._clusters.find(shape), fresh.find(shape)
            if known is not None and (new is None or known[1] >= new[1]):
                place = (True, known[0])
                self._clusters.add(known[0], [shape])
            else:
                place = (False, new[0] if new is not None else len(growths) + 1)
                fresh.add(place[1], [shape])
            growth = growths.setdefault(place, Growth(place[1] if place[0] else None))
            growth.found.append((one, shape))
        yield from growths.values()

    def _write(self, session: Session, growths: list[Growth], found: Findings) -> None:
        for growth in growths:
            proposal_id = growth.known_id
            if proposal_id is None:
                shortest = min((each for each, _ in growth.found), key=lambda each: (len(each.text), each.text))
                proposal_id = proposals.create(session, shortest)
                self._clusters.add(proposal_id, [shape for _, shape in growth.found])
            for at, (each, _) in enumerate(growth.found):
                # A question that an operator answered was counted when it was asked.
                is_counted = each.why == WRITTEN and (growth.known_id is not None or at > 0)
                proposals.grow(session, proposal_id, each, 0 if is_counted else 1)
        for wished in found.wished:
            demands.record(session, wished)
        learning.mark_unresolved(session, found.unresolved)
        learning.count_uses(session, found.uses)

