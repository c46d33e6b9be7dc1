"""Puts questions that ask the same thing together, one by one as they come, within bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nlargest

from content.knowledge.analysis import Reader

ALIKE = 0.64  # from here on two questions count as one; benchmarks/learning.py shows what it gives and costs
BEST_SHARE = 0.4  # of how close the closest text of a cluster is; the rest is the mean of all its texts
PAIR = 0.75  # a pair of characters against one character
TELLING = 8  # rarest terms of a question that name the texts worth comparing
COMPARED = 48  # texts compared exactly for one question
MOST_CLUSTERS, MOST_TEXTS = 5_000, 12

Vector = dict[str, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A question as it is compared: its terms with weights (length 1), its numbers, and whether it denies."""

    vector: Vector
    numbers: frozenset[str]
    denies: bool


@dataclass(slots=True)
class Cluster:
    """The texts of one proposal that are compared with new ones."""

    keys: list[int] = field(default_factory=list)


def cosine(one: Vector, other: Vector) -> float:
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    return sum([weight * large[term] for term, weight in small.items() if term in large])


class Clusters:
    """Clusters by id, the least recently met forgotten first. Not for several threads at once."""

    def __init__(self, most: int = MOST_CLUSTERS) -> None:
        self._most = most
        self._reader = Reader(remembered=512)
        self._clusters: OrderedDict[int, Cluster] = OrderedDict()
        self._texts: dict[int, tuple[int, Shape]] = {}
        self._holders: dict[str, set[int]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._clusters)

    def __contains__(self, cluster_id: int) -> bool:
        return cluster_id in self._clusters

    def shape(self, text: str) -> Shape | None:
        """A text taken apart with the retriever's synonyms and background weights; None for a mere greeting."""
        read = self._reader.read(text)
        if not read.read:
            return None
        vector: Vector = dict(read.unit_weights)
        for pair, weight in read.pairs.items():
            vector[pair] = PAIR * weight
        length = sum([weight * weight for weight in vector.values()]) ** 0.5 or 1.0
        return Shape({term: weight / length for term, weight in vector.items()}, read.numbers, read.denied)

    def add(self, cluster_id: int, shapes: Iterable[Shape]) -> None:
        """Adds texts to a cluster, which is new or known; one that holds twelve takes no more."""
        cluster = self._clusters.setdefault(cluster_id, Cluster())
        self._clusters.move_to_end(cluster_id)
        for shape in shapes:
            if len(cluster.keys) >= MOST_TEXTS:
                break
            key, self._next = self._next, self._next + 1
            self._texts[key] = (cluster_id, shape)
            cluster.keys.append(key)
            for term in shape.vector:
                self._holders.setdefault(term, set()).add(key)
        while len(self._clusters) > self._most:
            self.remove(next(iter(self._clusters)))

    def remove(self, cluster_id: int) -> None:
        cluster = self._clusters.pop(cluster_id, None)
        for key in cluster.keys if cluster is not None else ():
            _, shape = self._texts.pop(key)
            for term in shape.vector:
                holders = self._holders[term]
                holders.discard(key)
                if not holders:
                    del self._holders[term]

    def find(self, shape: Shape) -> tuple[int, float] | None:
        """The cluster this question belongs to, with how alike they are (0 to 1); None when it stands alone."""
        seen: set[int] = set()
        best: tuple[int, float] | None = None
        for key in self._candidates(shape):
            cluster_id = self._texts[key][0]
            if cluster_id in seen:
                continue
            seen.add(cluster_id)
            alike = self._alike(shape, cluster_id)
            if alike >= ALIKE and (best is None or alike > best[1]):
                best = (cluster_id, alike)
        return best

    def _candidates(self, shape: Shape) -> list[int]:
        """Texts that share the most weight among the question's rarest terms."""
        held = [(len(self._holders[term]), term) for term in shape.vector if term in self._holders]
        shared: dict[int, float] = {}
        for _, term in sorted(held)[:TELLING]:
            weight = shape.vector[term]
            for key in self._holders[term]:
                shared[key] = shared.get(key, 0.0) + weight
        return nlargest(COMPARED, shared, key=lambda key: (shared[key], -key))

    def _alike(self, shape: Shape, cluster_id: int) -> float:
        near = []
        for key in self._clusters[cluster_id].keys:
            _, other = self._texts[key]
            if shape.numbers != other.numbers or shape.denies != other.denies:
                near.append(0.0)
            else:
                near.append(cosine(shape.vector, other.vector))
        return BEST_SHARE * max(near) + (1 - BEST_SHARE) * sum(near) / len(near)
