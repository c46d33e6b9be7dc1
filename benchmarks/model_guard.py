"""Puts false and faithful answers of a model on the road, and counts what the group hears: a table and JSON.

    python -m benchmarks.model_guard [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.model_guard_cases import SAYS, Case, false_answers, numbers, true_answers
from content import sources
from handlers.faq import guard, rules
from storage.handovers import Handover
from storage.model import ModelAnswer
from tests.model.conftest import House, furnish
from tests.model.server import ModelServer, choice
from tests.stage import Stage


def heard(house: House, case: Case) -> list[str]:
    """What the group hears of us when the model answers so."""
    house.says(choice(case.cited, answer=case.answer))
    with house.stage.database.write() as session:
        session.query(ModelAnswer).delete()
        session.query(Handover).delete()
    before = len(house.stage.channel.said)
    house.ask(case.question)
    house.stage.pass_time(4)
    return [text for _, text in house.stage.channel.said[before:]]


def measure(house: House) -> dict[str, Any]:
    """For each kind of answer: how many, how many were said, numbers said that the cited passage does not have."""
    with house.stage.database.read() as session:
        known = {one.id: one for one in sources.find_all(session, SAYS, {"shop": "", "bot_name": ""})}
    rows: dict[str, dict[str, int]] = defaultdict(lambda: {"answers": 0, "said": 0, "unverified_numbers": 0, "handed_over": 0})
    for case in [*false_answers(), *true_answers()]:
        row, source = rows[case.kind], known[case.cited]
        said = heard(house, case)
        row["answers"] += 1
        row["said"] += case.answer in said
        row["handed_over"] += any("转给同事" in text for text in said)
        allowed = numbers(source.text) | numbers(" ".join(source.names))
        row["unverified_numbers"] += sum(len(numbers(text) - allowed) for text in said)
    false = [row for kind, row in rows.items() if kind != "faithful"]
    total = {name: sum(row[name] for row in false) for name in ("answers", "said", "unverified_numbers", "handed_over")}
    cases = [(case.answer, [known[case.cited]]) for case in false_answers()]
    begun = time.process_time()
    for answer, cited in cases * 5:
        guard.fault(answer, cited)
    spent = time.process_time() - begun
    return {"kinds": dict(rows), "all false answers": total, "checks a CPU-second": round(len(cases) * 5 / spent)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what a lying model gets said.")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    # Every question goes to the model here, however sure the retriever is.
    rules.is_sure = lambda candidate, asked: False
    rules.is_for_model = lambda found, asked: bool(found)
    rules.too_close_to_tell = lambda found, asked: ()
    server = ModelServer()
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(f"sqlite:///{Path(folder) / 'tuan.db'}")
            try:
                result = measure(furnish(stage, server))
            finally:
                stage.close()
    finally:
        server.stop()
    if not given.json:
        print("| answers of the model | made | said | unverified numbers said | handed over |\n|---|---|---|---|---|")
        for kind, row in [*result["kinds"].items(), ("all false answers", result["all false answers"])]:
            print(f"| {kind} | " + " | ".join(str(value) for value in row.values()) + " |")
        print(f"\nchecks a CPU-second: {result['checks a CPU-second']}")
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
