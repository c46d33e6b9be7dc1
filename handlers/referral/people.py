"""Learns which ids are one person: adds what is new, merges two who turn out to be one, keeps apart who cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from handlers.referral import rules
from storage import identities
from storage.identities import Key
from storage.ids import new_id


def learn(session: Session, keys: Iterable[Key], cause: str, now: datetime) -> str:
    """Keep that these ids are one person's, as far as nothing stronger speaks against it; gives the person's id."""
    ordered = rules.by_strength(keys)
    known = {key: identities.find_person_id(session, *key) for key in ordered}
    persons = {person_id for person_id in known.values() if person_id is not None}
    if len(persons) == 1 and None not in known.values():
        return persons.pop()
    identities.lock(session)
    known = {key: identities.find_person_id(session, *key) for key in ordered}
    person_id = known[ordered[0]]
    if person_id is None:
        person_id = new_id("psn")
        identities.add(session, person_id, ordered[:1], cause, now)
    for key in ordered[1:]:
        other = identities.find_person_id(session, *key)
        if other is None:
            identities.add(session, person_id, [key], cause, now)
        elif other != person_id:
            person_id = _bring_together(session, person_id, other, key, cause, now)
    return person_id


def _bring_together(session: Session, a: str, b: str, by: Key, cause: str, now: datetime) -> str:
    """Two persons share the id `by`: merge them or note why not. Gives whom the stronger id belongs to."""
    if identities.is_apart(session, a, b):
        return a
    one, other = identities.get_person(session, a), identities.get_person(session, b)
    why = rules.speaks_against(one.keys, other.keys, by[0])
    if why:
        identities.note(session, identities.CONFLICT, a, b, [by], why, cause, now)
        return a
    kept, gone = (one, other) if _rank(one.keys) <= _rank(other.keys) else (other, one)
    _merge(session, kept.person_id, gone, f"{by[0]} {by[1]}", cause, now)
    return kept.person_id


def _rank(keys: Iterable[Key]) -> tuple[int, int]:
    """The stronger a person's ids, and the more of them, the lower."""
    some = list(keys)
    return min(identities.LADDER.index(kind) for kind, _ in some), -len(some)


def _merge(session: Session, kept: str, gone: identities.Person, why: str, cause: str, now: datetime) -> None:
    identities.move(session, gone.keys, gone.person_id, kept)
    identities.note(session, identities.MERGED, kept, gone.person_id, gone.keys, why, cause, now)


def settle(session: Session, merge_id: int, what: str, by: str, now: datetime) -> bool:
    """Undo a merge, merge those who were kept apart, or say that they stay apart (undo, merge, apart). False when it was
    settled before, or its persons are no longer there."""
    identities.lock(session)
    merge = identities.lock_merge(session, merge_id)
    moved = [(kind, value) for kind, value in json.loads(merge.moved)]
    if what == "undo" and merge.state == identities.MERGED:
        if identities.move(session, moved, merge.kept, merge.gone) == 0:
            return False
        identities.settle(session, merge, identities.UNDONE, by, now)
    elif what == "apart" and merge.state == identities.CONFLICT:
        identities.settle(session, merge, identities.KEPT_APART, by, now)
    elif what == "merge" and merge.state == identities.CONFLICT:
        gone = identities.get_person(session, merge.gone)
        if not gone.keys or not identities.get_person(session, merge.kept).keys:
            return False
        identities.move(session, gone.keys, gone.person_id, merge.kept)
        merge.moved = json.dumps(gone.keys, ensure_ascii=False)
        identities.settle(session, merge, identities.MERGED, by, now)
    else:
        return False
    return True
