"""The fitted numbers the retriever ships with; `benchmarks/train_retrieval.py` writes `weights.json`."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("weights.json")
LIGHTEST = 0.3
HEAVIEST = 9.0


@lru_cache(maxsize=1)
def fitted() -> dict[str, Any]:
    """Everything in the file: unit weights, the ranker, the confidence, the question detector."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _unit_weights() -> dict[str, float]:
    """How much a character tells: the log of how rarely it is met in questions and talk, in tenths."""
    return {unit: int(tenths) / 10 for tenths, line in fitted()["units"].items() for unit in line.split()}


def unit_weight(unit: str) -> float:
    return _unit_weights().get(unit, HEAVIEST)


def probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(logit, 30.0))))
