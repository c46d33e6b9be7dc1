"""Orders passages by how near their meaning is to a question, with vectors kept for each text as it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from content.sources import Source
from storage import model
from storage.database import Database

KEPT_FOR = timedelta(days=90)
FIRST = 0.02  # what each place in the retriever's own order is worth, beside a cosine
LONGEST = 400  # characters of a passage that are compared


class Ordering:
    """Vectors of passages stand in the database under their text, so a changed passage gets a new one by itself."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def missing(self, name: str, question: str, found: Sequence[Source]) -> dict[str, str]:
        """Texts that have no vector yet, by key; the question's always among them, and first."""
        texts = {_key(name, text): text for text in (_text(one) for one in found)}
        with self.database.read() as session:
            known = model.find_vectors(session, list(texts))
        return {_key(name, question): question, **{key: text for key, text in texts.items() if key not in known}}

    def ordered(
        self, name: str, question: str, found: Sequence[Source], fresh: Mapping[str, Sequence[float]], now: datetime
    ) -> list[Source]:
        """The passages, the nearest first; vectors of passages are kept, the question's is not."""
        asked = _key(name, question)
        packed = {key: _packed(vector) for key, vector in fresh.items() if key != asked}
        keys = [_key(name, _text(one)) for one in found]
        with self.database.write() as session:
            model.keep_vectors(session, packed, now, now - KEPT_FOR)
            packed |= model.find_vectors(session, keys)
        wanted = _unit(np.asarray(fresh[asked], dtype="<f4"))
        nearness = [_nearness(wanted, packed.get(key)) - FIRST * place for place, key in enumerate(keys)]
        return [found[place] for place in sorted(range(len(found)), key=lambda place: -nearness[place])]


def _text(source: Source) -> str:
    return f"{source.title}\n{source.text}"[:LONGEST]


def _key(name: str, text: str) -> str:
    return hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()


def _packed(vector: Sequence[float]) -> bytes:
    return np.asarray(vector, dtype="<f4").tobytes()


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


def _nearness(wanted: np.ndarray, packed: bytes | None) -> float:
    """The cosine; a vector of another size or with holes is as far as can be."""
    if packed is None:
        return -1.0
    vector = np.frombuffer(packed, dtype="<f4")
    if vector.shape != wanted.shape or not np.isfinite(vector).all():
        return -1.0
    return float(wanted @ _unit(vector))
