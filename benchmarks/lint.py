"""The guard over words: how much of a labelled set it finds, what it finds in harmless texts, and how many texts it reads.

    tuan bench lint [--texts tests/lint/texts.jsonl] [--rounds 20] [--json]

The set is ours: a text a line with what is wrong with it («ok» when nothing is) and the part of the set it belongs to.
`recall` and `false_alarms` are those of the guard that ships, which was fitted to the set; the `unseen` figures are those
on parts the likeness was not fitted to (benchmarks/fit_lint.py): on parts 13, 14 and 16, on which of the rules only those of
form were mended, and on all.

The speed is texts a second of processor time of one process, everything included but the start.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from benchmarks.fit_lint import FRESH, HOSTS, TODAY, Fit, caught, rates
from content.lint import Facts, check


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--texts", type=Path, default=Path("tests/lint/texts.jsonl"))
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    rows = [json.loads(line) for line in given.texts.read_text("utf-8").splitlines()]
    known = Facts(today=TODAY, hosts=HOSTS)
    found = [bool(check(row["text"], known)) for row in rows]
    started = time.process_time()
    for _ in range(given.rounds):
        for row in rows:
            check(row["text"], known)
    spent = time.process_time() - started
    wrong = [is_found for row, is_found in zip(rows, found, strict=True) if row["about"] != "ok"]
    harmless = [is_found for row, is_found in zip(rows, found, strict=True) if row["about"] == "ok"]
    missed = Counter(row["about"] for row, hit in zip(rows, found, strict=True) if row["about"] != "ok" and not hit)
    figures: dict[str, object] = {
        "texts": len(rows), "wrong": len(wrong), "harmless": len(harmless),
        "recall": round(sum(wrong) / len(wrong), 4), "false_alarms": round(sum(harmless) / len(harmless), 4),
        "texts_a_cpu_second": round(given.rounds * len(rows) / spent), "missed": dict(missed),
    }  # fmt: skip
    fit = Fit(rows)
    unseen = caught(rows, list(fit.unseen()))
    for name, parts in (("unseen", FRESH), ("unseen_all_parts", set(fit.parts))):
        recall, false_alarms = rates(rows, unseen, parts)
        figures |= {f"{name}_recall": round(recall, 4), f"{name}_false_alarms": round(false_alarms, 4)}
    if given.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<22} {value}")


if __name__ == "__main__":
    main()
