"""The saved question set: questions with the answer they should get, asked all at once, and what an edit changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.responses import Response

from bot.console.faq_bench import ANSWERED, Bench
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from content.learning.findings import passage_of
from content.masking import on_one_line
from storage import faq, inbox, products, question_sets, revisions
from storage.base import AnyRow
from storage.operators import MANAGER, VIEWER
from storage.question_sets import MOST_QUESTIONS, RIGHT, SILENT, WRONG, BenchRun

LIST, RUNS = "/console/learning/questions", "/console/learning/questions/runs"
LONGEST_FILE, SHOWN_FAULTS, LONGEST_NAME = 1_500_000, 5, 100
ASPECTS = {"price": mark("价格"), "stock": mark("库存"), "spec": mark("规格"), "about": mark("介绍")}


class Full(Exception):
    """The set holds as many questions as it may; undoes the transaction."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A question that came out differently in two runs."""

    now: AnyRow
    before: AnyRow


def overview(visit: Visit) -> Response:
    with visit.read() as session:
        questions, runs = question_sets.find_questions(session), question_sets.find_runs(session)
        last = {row.question_id: row for row in question_sets.find_results(session, runs[0].id)} if runs else {}
        titles = _titles(visit, session, [one.expected for one in questions])
        newest = revisions.count(session)
    return visit.page(
        "learning_questions.html", questions=questions, runs=runs, last=last, titles=titles, newest=newest, faults=[],
    )


def add(visit: Visit) -> Response:
    """One question, from the test bench or by hand."""
    text = on_one_line(str(visit.form.get("text", "")))
    expected = str(visit.form.get("expected", "")).replace("\0", "")[:100] or None
    return _keep(visit, text, expected, is_addressed=visit.form.get("to") == "us", source="bench")


def add_from_log(visit: Visit) -> Response:
    """What was heard: the answer it got, or silence, is what it should get."""
    with visit.read() as session:
        row = inbox.get(session, visit.path("id"))
    wants_answer = visit.form.get("expected") == "answer"
    is_ours = wants_answer and row.outcome == "answered" and passage_of(row.reason) != ""
    expected = (row.reason or "")[:LONGEST_NAME] if is_ours else None
    is_addressed = row.group_id is None or '"is_to_us":true' in (row.detail or "")
    if row.kind != "MessageReceived" or not row.text or (wants_answer and expected is None):
        raise NotFound
    return _keep(visit, on_one_line(row.text), expected, is_addressed=is_addressed, source="log")


def remove(visit: Visit) -> Response:
    question_id = visit.path("id")
    with visit.act("question.remove", f"question:{question_id}") as session:
        question_sets.remove(session, question_id)
    return visit.go(LIST, visit.translate("已从考题中去掉。"))


def import_lines(visit: Visit) -> Response:
    """JSON lines: {"text": …, "expected": "faq:<id>" or null, "to": "us" or "group"}."""
    given = visit.form.get("file")
    content = given.file.read(LONGEST_FILE + 1) if isinstance(given, UploadFile) else b""
    rows, faults = read_lines(content) if len(content) <= LONGEST_FILE else ([], [0])
    if faults or not rows:
        shown = ", ".join(str(number) for number in faults[:SHOWN_FAULTS])
        told = visit.translate("第 %(lines)s 行看不懂，什么都没有导入。", lines=shown)
        if not faults or faults == [0]:
            told = visit.translate("文件是空的，或者太大。")
        return visit.go(LIST, told, is_bad=True)
    try:
        with visit.act("question.import", "questions", count=len(rows)) as session:
            _save(visit, session, rows, "import")
    except Full:
        return _full(visit)
    return visit.go(LIST, visit.translate("导入了 %(count)s 道考题。", count=len(rows)))


def read_lines(content: bytes) -> tuple[list[dict[str, Any]], list[int]]:
    """The questions of a JSON-lines file, each text once, and the numbers of the lines that are none."""
    rows: dict[tuple[str, bool], dict[str, Any]] = {}
    faults = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        text = found.get("text") if isinstance(found, dict) else None
        expected = found.get("expected") if isinstance(found, dict) else None
        is_passage = expected is None or (isinstance(expected, str) and ":" in expected and len(expected) <= 100)
        if not isinstance(text, str) or not (shown := on_one_line(text)) or not is_passage or "\0" in (expected or ""):
            faults.append(number)
            continue
        is_addressed = found.get("to") == "us"
        rows[shown, is_addressed] = {"text": shown, "is_addressed": is_addressed, "expected": expected}
    return list(rows.values()), faults


def run(visit: Visit) -> Response:
    """Ask every question now and keep what came of it."""
    with visit.read() as session:
        questions, revision = question_sets.find_questions(session), revisions.count(session)
        bench = Bench.of(session, visit.desk)
        results = []
        for one in questions:
            verdict = bench.judge(one.text, one.is_addressed)
            nearest = verdict.found[0] if verdict.found else None
            name = nearest.answer_name[:LONGEST_NAME] if nearest is not None else None
            results.append(
                {
                    "question_id": one.id, "verdict": judge(one.expected, name if verdict.decision == ANSWERED else None),
                    "passage_id": name,
                    "confidence": nearest.confidence if nearest else None,
                }
            )
    if not results:
        return visit.go(LIST, visit.translate("还没有考题。"), is_bad=True)
    with visit.act("question.run", "questions", count=len(results)) as session:
        run_id = question_sets.record_run(
            session, results, at=visit.now, revision=revision, by=visit.operator.name
        )
    return visit.go(f"{RUNS}/{run_id}")


def judge(expected: str | None, answer: str | None) -> str:
    """Right, wrong (another answer, another fact of the product, or one where silence was wanted), or silent where an
    answer was wanted. Where no fact is expected, every fact of the product is right."""
    if expected == answer or (answer is not None and expected == answer.partition(" ")[0]):
        return RIGHT
    return SILENT if answer is None else WRONG


def show_run(visit: Visit) -> Response:
    """One run, and how it differs from another, by default the one before."""
    wanted = visit.query("with", 18)
    with visit.read() as session:
        now = question_sets.get_run(session, visit.path("id"))
        runs = question_sets.find_runs(session)
        before = _other(runs, now, int(wanted) if wanted.isascii() and wanted.isdigit() else None)
        results = question_sets.find_results(session, now.id)
        earlier = question_sets.find_results(session, before.id) if before is not None else []
        passages = [row.passage_id for row in [*results, *earlier]] + [row.expected for row in results]
        titles = _titles(visit, session, passages)
    fixed, broke, other = differ(results, earlier)
    return visit.page(
        "learning_run.html", run=now, before=before, runs=runs, results=results, titles=titles, fixed=fixed,
        broke=broke, other=other,
    )


def differ(now: Sequence[AnyRow], before: Sequence[AnyRow]) -> tuple[list[Changed], list[Changed], list[Changed]]:
    """Questions in both runs that became right, that are right no more, and the others that come out differently:
    wrong in another way, or right with another fact of the product."""
    known = {row.question_id: row for row in before}
    both = [Changed(row, known[row.question_id]) for row in now if row.question_id in known]
    fixed = [one for one in both if one.now.verdict == RIGHT != one.before.verdict]
    broke = [one for one in both if one.before.verdict == RIGHT != one.now.verdict]
    other = [
        one for one in both
        if one not in fixed and one not in broke
        and (one.now.verdict != one.before.verdict or _is_other_fact(one.now.passage_id, one.before.passage_id))
    ]  # fmt: skip
    return fixed, broke, other


def _is_other_fact(now: str | None, before: str | None) -> bool:
    """The same product, and another fact of it; runs from before facts were kept do not count."""
    passage, _, fact = (now or "").partition(" ")
    earlier, _, told = (before or "").partition(" ")
    return passage == earlier and bool(fact and told) and fact != told


def _other(runs: Sequence[BenchRun], now: BenchRun, wanted: int | None) -> BenchRun | None:
    others = [one for one in runs if one.id != now.id]
    chosen = [one for one in others if one.id == wanted] or [one for one in others if one.id < now.id]
    return chosen[0] if chosen else None


def _keep(visit: Visit, text: str, expected: str | None, *, is_addressed: bool, source: str) -> Response:
    if not text or (expected is not None and ":" not in expected):
        return visit.go(visit.back(LIST), visit.translate("请填写问题。"), is_bad=True)
    row = {"text": text, "is_addressed": is_addressed, "expected": expected}
    try:
        with visit.act("question.add", "questions", text=text, expected=expected) as session:
            _save(visit, session, [row], source)
    except Full:
        return _full(visit)
    return visit.go(visit.back(LIST), visit.translate("已存进考题。"))


def _save(visit: Visit, session: Session, rows: Sequence[dict[str, Any]], source: str) -> None:
    added = {"source": source, "added_by": visit.operator.name, "added_at": visit.now}
    question_sets.save_all(session, [row | added for row in rows])
    if question_sets.count_questions(session) > MOST_QUESTIONS:
        raise Full


def _full(visit: Visit) -> Response:
    return visit.go(LIST, visit.translate("最多 %(most)s 道考题，先去掉一些。", most=MOST_QUESTIONS), is_bad=True)


def _titles(visit: Visit, session: Session, names: Sequence[str | None]) -> dict[str | None, str]:
    """A title for each answer, with the fact of a product; for one that is gone, its name."""
    wanted = {one: one.partition(" ") for one in names if one}
    passages = {passage for passage, _, _ in wanted.values()}
    entries = faq.find_with_ids(session, [one.removeprefix("faq:") for one in passages if one.startswith("faq:")])
    goods = products.find_with_ids(
        session, [one.removeprefix("product:") for one in passages if one.startswith("product:")]
    )
    known = {f"faq:{row.id}": row.question for row in entries.values()}
    known |= {f"product:{row.id}": row.name for row in goods.values()}
    titles: dict[str | None, str] = {}
    for name, (passage, _, fact) in wanted.items():
        told = visit.translate(ASPECTS[fact]) if fact in ASPECTS else fact.removeprefix("attribute:")
        titles[name] = " · ".join(part for part in (known.get(passage, passage), told) if part)
    return titles


PAGES = (
    get("/learning/questions", overview, VIEWER),
    post("/learning/questions", add, MANAGER),
    post("/learning/questions/import", import_lines, MANAGER),
    post("/learning/questions/run", run, MANAGER),
    post("/learning/questions/from-log/{id:int}", add_from_log, MANAGER),
    post("/learning/questions/{id:int}/remove", remove, MANAGER),
    get("/learning/questions/runs/{id:int}", show_run, VIEWER),
)
