"""What members asked and nobody had written down: proposals to accept as an entry or a phrasing, or to dismiss."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import faq_forms
from bot.console.faq_forms import LONGEST_QUESTION, MAX_PHRASINGS, FaqForm
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from content.learning.findings import key_of
from handlers.faq.messages import answer_values
from storage import faq, groups, proposals
from storage.faq import FaqEntry
from storage.operators import MANAGER, VIEWER
from storage.proposals import ACCEPTED, DISMISSED, OPEN, Phrasing, Proposal

LIST, A_PAGE, SHOWN_PHRASINGS, SUGGESTED = "/console/learning", 20, 6, 3
STATES = {OPEN: mark("待处理"), ACCEPTED: mark("已采纳"), DISMISSED: mark("已忽略")}
PERHAPS = 0.15  # confidence from which an entry is suggested as what was meant
CURSOR = re.compile(r"(\d{1,9})-(\d{1,18})")


class Late(Exception):
    """Somebody else settled the proposal meanwhile; undoes the transaction."""


class Full(Exception):
    """The entry holds as many phrasings as it may; undoes the transaction."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """A proposal with its wordings, where they were heard, and the entries it may belong to."""

    row: Proposal
    phrasings: list[Phrasing]
    groups: list[str]
    entries: list[FaqEntry]


def overview(visit: Visit) -> Response:
    state = visit.chosen("state", list(STATES)) or OPEN
    words, is_written = visit.query("q", 100), visit.query("written") == "1"
    cursor = CURSOR.fullmatch(visit.query("after", 40))
    after = (int(cursor[1]), int(cursor[2])) if cursor else None
    with visit.read() as session:
        rows = proposals.find(
            session, state, words=words, is_written=is_written, after=after, limit=A_PAGE + 1
        )
        shown = _suggested(visit, session, rows[:A_PAGE])
        counts = proposals.count(session)
    last = rows[A_PAGE - 1] if len(rows) > A_PAGE else None
    return visit.page(
        "learning.html", shown=shown, state=state, states=STATES, counts=counts, words=words, is_written=is_written,
        next_after=f"{last.count}-{last.id}" if last is not None else "", few=SHOWN_PHRASINGS,
    )


def show(visit: Visit) -> Response:
    with visit.read() as session:
        row = proposals.get(session, visit.path("id"))
    return _one(visit, row.id)


def accept_entry(visit: Visit) -> Response:
    """A new entry: the question, the wordings ticked, and an answer."""
    proposal_id = visit.path("id")
    typed = faq_forms.read(visit.form, "", answer_values(visit.desk.shop), visit.translate)
    if typed.errors:
        return _one(visit, proposal_id, typed, 422)
    typed.is_enabled = True
    values = typed.columns()
    values["phrasings"] = [one for one in values["phrasings"] if key_of(one) != key_of(typed.question)]
    try:
        with visit.act("proposal.accept", f"proposal:{proposal_id}", entry=values["id"], question=typed.question) as session:
            faq.save(session, values, visit.now)
            _settle(visit, session, proposal_id, ACCEPTED, entry_id=str(values["id"]))
    except Late:
        return _late(visit)
    visit.desk.shelf.refresh()
    return visit.go(LIST, visit.translate("已写进问答，下一个问题就会用上。"))


def accept_phrasing(visit: Visit) -> Response:
    """The proposal's wordings become phrasings of an entry that is there."""
    proposal_id, entry_id = visit.path("id"), str(visit.form.get("entry", ""))[:80]
    chosen = {value for value in visit.form.getlist("phrasing") if isinstance(value, str)}
    try:
        with visit.act("proposal.accept", f"proposal:{proposal_id}", entry=entry_id, as_phrasing=True) as session:
            entry = faq.find(session, entry_id)
            if entry is None:
                raise NotFound
            rows = proposals.find_phrasings(session, [proposal_id]).get(proposal_id, [])
            wanted = [row.text for row in rows if not chosen or str(row.id) in chosen]
            faq.save(session, {"id": entry.id, "phrasings": _joined(entry, wanted)}, visit.now)
            _settle(visit, session, proposal_id, ACCEPTED, entry_id=entry.id)
    except Late:
        return _late(visit)
    except Full:
        told = visit.translate("这条问答已经有%(most)s种问法，先删掉几种再加。", most=MAX_PHRASINGS)
        return visit.go(f"{LIST}/{proposal_id}", told, is_bad=True)
    visit.desk.shelf.refresh()
    return visit.go(visit.back(LIST), visit.translate("已加为问法，下一个问题就会用上。"))


def replace_answer(visit: Visit) -> Response:
    """The operator's answer takes the place of an entry's, and the wordings become its phrasings."""
    proposal_id, entry_id = visit.path("id"), str(visit.form.get("entry", ""))[:80]
    answer = str(visit.form.get("answer", "")).replace("\r\n", "\n").replace("\0", "").strip()[:4_000]
    with visit.read() as session:
        entry = faq.find(session, entry_id)
    if entry is None:
        raise NotFound
    typed = faq_forms.of_entry(entry)
    faults = faq_forms.read(
        {"question": typed.question, "phrasings": typed.phrasings, "answer": answer}, entry_id,
        answer_values(visit.desk.shop), visit.translate,
    ).errors
    if "answer" in faults:
        return visit.go(f"{LIST}/{proposal_id}", faults["answer"], is_bad=True)
    try:
        with visit.act(
            "proposal.accept", f"proposal:{proposal_id}", entry=entry_id, answer_before=entry.answer, answer=answer
        ) as session:
            rows = proposals.find_phrasings(session, [proposal_id]).get(proposal_id, [])
            values = {"id": entry_id, "answer": answer, "phrasings": _joined(entry, [row.text for row in rows])}
            faq.save(session, values, visit.now)
            _settle(visit, session, proposal_id, ACCEPTED, entry_id=entry_id)
    except Late:
        return _late(visit)
    except Full:
        told = visit.translate("这条问答已经有%(most)s种问法，先删掉几种再加。", most=MAX_PHRASINGS)
        return visit.go(f"{LIST}/{proposal_id}", told, is_bad=True)
    visit.desk.shelf.refresh()
    return visit.go(LIST, visit.translate("答案已更新，下一个问题就会用上。"))


def dismiss(visit: Visit) -> Response:
    proposal_id = visit.path("id")
    reason = str(visit.form.get("reason", "")).replace("\0", "").strip()[:200]
    if not reason:
        return visit.go(visit.back(LIST), visit.translate("请写明为什么忽略。"), is_bad=True)
    try:
        with visit.act("proposal.dismiss", f"proposal:{proposal_id}", reason=reason) as session:
            _settle(visit, session, proposal_id, DISMISSED, reason=reason)
    except Late:
        return _late(visit)
    return visit.go(visit.back(LIST), visit.translate("已忽略，再有人问也不会重新提出。"))


def reopen(visit: Visit) -> Response:
    proposal_id = visit.path("id")
    with visit.act("proposal.reopen", f"proposal:{proposal_id}") as session:
        if not proposals.reopen(session, proposal_id):
            raise NotFound
    return visit.go(visit.back(LIST), visit.translate("已放回待处理。"))


def _settle(visit: Visit, session: Session, proposal_id: int, state: str, **more: str) -> None:
    proposals.get(session, proposal_id)
    if not proposals.settle(session, proposal_id, state, by=visit.operator.name, now=visit.now, **more):
        raise Late


def _late(visit: Visit) -> Response:
    return visit.go(LIST, visit.translate("这一条已经有人处理过了"), is_bad=True)


def _joined(entry: FaqEntry, wanted: list[str]) -> list[str]:
    """The entry's phrasings with these added, each wording once. Raises Full."""
    known = {key_of(entry.question): "", **{key_of(one): one for one in json.loads(entry.phrasings)}}
    for one in wanted:
        known.setdefault(key_of(one), one[:LONGEST_QUESTION])
    phrasings = [one for one in known.values() if one]
    if len(phrasings) > MAX_PHRASINGS:
        raise Full
    return phrasings


def _suggested(visit: Visit, session: Session, rows: Sequence[Proposal]) -> list[Suggested]:
    by_id = proposals.find_phrasings(session, [row.id for row in rows])
    heard_in = {one.group_id for found in by_id.values() for one in found if one.group_id}
    names = groups.find_names(session, heard_in)
    shown = []
    for row in rows:
        phrasings = by_id.get(row.id, [])
        places = dict.fromkeys(names.get(one.group_id or "", "") for one in phrasings)
        entries = _entries(visit, session, row)
        shown.append(Suggested(row, phrasings, [place for place in places if place], entries))
    return shown


def _entries(visit: Visit, session: Session, row: Proposal) -> list[FaqEntry]:
    """The entries this may be another phrasing of: the one that answered it in the end, then the nearest."""
    ids = [row.target_id] if row.target_id else []
    for candidate in visit.desk.shelf.knowledge.search(row.text, limit=SUGGESTED + 2):
        kind, _, entry_id = candidate.passage_id.partition(":")
        if kind == "faq" and entry_id not in ids and candidate.confidence >= PERHAPS:
            ids.append(entry_id)
    known = faq.find_with_ids(session, ids)
    return [known[one] for one in ids if one in known and known[one].deleted_at is None][:SUGGESTED]


def _one(visit: Visit, proposal_id: int, typed: FaqForm | None = None, status: int = 200) -> Response:
    with visit.read() as session:
        row = proposals.get(session, proposal_id)
        [one] = _suggested(visit, session, [row])
        categories = [each for each in faq.find_categories(session) if each]
    others = [each.text for each in one.phrasings if key_of(each.text) != key_of(row.text)]
    form = typed or FaqForm(question=row.text, phrasings="\n".join(others), answer=row.answer or "")
    return visit.page(
        "learning_one.html", status, one=one, form=form, states=STATES, categories=categories,
        may_name=sorted(answer_values(visit.desk.shop)),
    )


PAGES = (
    get("/learning", overview, VIEWER),
    get("/learning/{id:int}", show, VIEWER),
    post("/learning/{id:int}/entry", accept_entry, MANAGER),
    post("/learning/{id:int}/phrasing", accept_phrasing, MANAGER),
    post("/learning/{id:int}/answer", replace_answer, MANAGER),
    post("/learning/{id:int}/dismiss", dismiss, MANAGER),
    post("/learning/{id:int}/reopen", reopen, MANAGER),
)
