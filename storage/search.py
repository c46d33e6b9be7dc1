"""Full-text search over interactions: two-character words are found, on both databases alike.

Chinese is cut into overlapping pairs of characters, Latin words and numbers stay whole. SQLite keeps the tokens in a
contentless FTS5 table, PostgreSQL in a tsvector with a GIN index.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Column, Index, Select, Table, Text, column, select, table, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Session

from storage.base import Base, BigId

# Created by a migration: a virtual table is no part of the models' metadata on SQLite.
FTS_SCHEMA = "create virtual table inbox_search using fts5(grams, content='', detail='none', columnsize=0, tokenize='ascii')"

SEARCH = Table(
    "inbox_search", Base.metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("grams", TSVECTOR().with_variant(Text(), "sqlite")),
    Index("ix_inbox_search_grams", "grams", postgresql_using="gin"),
    info={"dialect": "postgresql"},
)

RUNS = re.compile(r"[0-9a-z]+|[^\W0-9a-z_]+")
MAX_GRAMS = 400


def grams(words: str) -> str:
    """The search tokens of a text, separated by spaces: pairs of characters and, for prefixes, each last character."""
    found: list[str] = []
    for run in RUNS.findall(words.lower()):
        if run.isascii() or len(run) == 1:
            found.append(run)
        else:
            found.extend(map("".join, pairwise(run)))
            found.append(run[-1])
        if len(found) > MAX_GRAMS:
            break
    return " ".join(found)


def index(session: Session, documents: Sequence[tuple[int, str]]) -> None:
    """Make texts findable as (interaction id, text)."""
    rows = [(row_id, tokens) for row_id, words in documents if (tokens := grams(words))]
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("insert into inbox_search(rowid, grams) values (?, ?)", rows)
    else:
        connection.exec_driver_sql(
            "insert into inbox_search(id, grams) values (%s, to_tsvector('simple', %s))"
            " on conflict (id) do update set grams = inbox_search.grams || excluded.grams", rows,
        )


def _terms(words: str, quote: str, prefix: str) -> list[str]:
    terms = []
    for run in RUNS.findall(words.lower()):
        if run.isascii() or len(run) == 1:
            terms.append(f"{quote}{run}{quote}{prefix}")
        else:
            terms.extend(f"{quote}{a}{b}{quote}" for a, b in pairwise(run))
    return terms[:40]


def matching(session: Session, words: str) -> Select[tuple[int]] | None:
    """A query for the ids of interactions holding all the words; None when there is nothing to look for."""
    if session.get_bind().dialect.name == "sqlite":
        terms = _terms(words, '"', " *")
        if not terms:
            return None
        fts = table("inbox_search", column("rowid"))
        return select(fts.c.rowid).where(text("inbox_search match :match").bindparams(match=" AND ".join(terms)))
    terms = _terms(words, "'", ":*")
    if not terms:
        return None
    return select(SEARCH.c.id).where(text("grams @@ to_tsquery('simple', :match)").bindparams(match=" & ".join(terms)))
