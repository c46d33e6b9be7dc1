"""Merges the copies of a roster that a group posts: nobody's row is lost, and nobody's row is changed by somebody else.

Every copy is compared with the earlier copy it was made from, so two members who sign the same copy both stay. What an
author does to the own rows holds; what is missing or different in somebody else's rows is asked about. The result
depends on when the copies were posted, not on the order in which they reach us."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from content.ordering.roster import Roster
from content.ordering.rows import Wanted

ADDED, CHANGED, REMOVED = "added", "changed", "removed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it stands: who it names, what it wants, and who wrote it ("" where nobody knows)."""

    name: str
    wanted: tuple[Wanted, ...]
    author: str = ""

    @property
    def wishes(self) -> tuple[tuple[str, int, str], ...]:
        return tuple((one.variant, one.quantity, one.note) for one in self.wanted)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy somebody posted; `at` orders the copies (a time, or a count)."""

    author: str
    entries: tuple[Entry, ...]
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What one copy did to one row."""

    kind: str
    author: str
    entry: Entry
    before: Entry | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A row that somebody else's copy lacks (`now` is None) or says differently: its owner is to be asked."""

    entry: Entry
    asked_by: str
    now: Entry | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The rows as they stand after all copies, what each copy changed, and what is to be asked."""

    entries: tuple[Entry, ...]
    changes: tuple[Change, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def wanted(self) -> list[Wanted]:
        return [one for entry in self.entries for one in entry.wanted]

    @property
    def asked_names(self) -> list[str]:
        return list(dict.fromkeys(question.entry.name for question in self.questions))


Key = tuple[str, int]  # a name, and which of its rows


def entries_of(roster: Roster) -> tuple[Entry, ...]:
    """The rows of a roster as entries; where the network tells who wrote a row, that is its author."""
    return tuple(Entry(row.name, row.wanted, row.author) for row in roster.rows)


def merge(before: Sequence[Entry], copies: Iterable[Copy]) -> Merged:
    """The rows after every copy, by the time each was posted."""
    now = list(before)
    known: list[tuple[Entry, ...]] = [tuple(before)]
    changes: list[Change] = []
    questions: dict[str, Question] = {}
    for copy in sorted(copies, key=lambda one: one.at):
        made, asked = _compare(copy, known)
        for change in made:
            _apply(now, change, copy)
        changes.extend(made)
        for question in asked:
            if _place(now, question.entry.name, question.entry.author) is not None:
                questions.setdefault(question.entry.name, question)
        for change in made:
            questions.pop(change.entry.name, None)  # its owner has spoken since
        known.append(copy.entries)
        known.append(tuple(now))
    return Merged(tuple(now), tuple(changes), tuple(questions.values()))


def _compare(copy: Copy, known: Sequence[tuple[Entry, ...]]) -> tuple[list[Change], list[Question]]:
    """What a copy changed, beside the earlier copy it fits best: where fewest rows but the author's own differ; of
    equals, the newest."""
    best: tuple[list[Change], list[Question]] | None = None
    least = 0
    for ancestor in reversed(known):
        changes, questions = _difference(ancestor, copy)
        foreign = len(questions) + sum(change.kind == ADDED and change.entry.name != copy.author for change in changes)
        if best is None or foreign < least:
            best, least = (changes, questions), foreign
        if foreign == 0:
            break
    changes, questions = best or ([], [])
    if not any(change.kind != REMOVED for change in changes) and all(question.now is None for question in questions) and questions:
        return [], []  # nothing is new, and others' rows are missing: an older copy, posted again
    return changes, questions


def _difference(ancestor: Sequence[Entry], copy: Copy) -> tuple[list[Change], list[Question]]:
    old, new = _numbered(ancestor), _numbered(copy.entries)
    changes: list[Change] = []
    questions: list[Question] = []
    for key, entry in old.items():
        found = new.get(key)
        if found is not None and found.wishes == entry.wishes:
            continue
        is_own = _is_own(entry, copy.author)
        if found is None:
            if is_own:
                changes.append(Change(REMOVED, copy.author, entry))
            else:
                questions.append(Question(entry, copy.author))
        elif is_own or (found.author and found.author == copy.author):
            changes.append(Change(CHANGED, copy.author, replace(found, author=entry.author or copy.author), entry))
        else:
            questions.append(Question(entry, copy.author, found))
    for key, entry in new.items():
        if key not in old:
            changes.append(Change(ADDED, copy.author, replace(entry, author=entry.author or copy.author)))
    return changes, questions


def _numbered(entries: Sequence[Entry]) -> dict[Key, Entry]:
    counts: dict[str, int] = {}
    keyed: dict[Key, Entry] = {}
    for entry in entries:
        counts[entry.name] = counts.get(entry.name, 0) + 1
        keyed[entry.name, counts[entry.name]] = entry
    return keyed


def _is_own(entry: Entry, author: str) -> bool:
    return entry.author == author if entry.author else entry.name == author


def _place(now: Sequence[Entry], name: str, author: str, wishes: object = None) -> int | None:
    """Where a row stands: of this name, by this author where that is known on both sides."""
    fits = [
        place for place, entry in enumerate(now)
        if entry.name == name and (not author or not entry.author or entry.author == author)
    ]
    same = [place for place in fits if now[place].wishes == wishes]
    return next(iter(same or fits), None)


def _apply(now: list[Entry], change: Change, copy: Copy) -> None:
    name, author = change.entry.name, change.entry.author
    if change.kind == ADDED:
        mine = [place for place, entry in enumerate(now) if (entry.name, entry.author) == (name, author)]
        if len(mine) >= sum(entry.name == name for entry in copy.entries):
            now[mine[-1]] = change.entry  # signed again from a copy without the own row: the newest word holds
        else:
            now.append(change.entry)
        return
    before = change.before or change.entry
    place = _place(now, before.name, before.author, before.wishes)
    if place is None:
        if change.kind == CHANGED:
            now.append(change.entry)
    elif change.kind == CHANGED:
        now[place] = change.entry
    else:
        del now[place]
