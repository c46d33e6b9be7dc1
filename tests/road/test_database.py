"""The database: the migrations make what the models say, times are UTC, and one process owns a SQLite file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from storage import faq, migrate, products, revisions, search
from storage.database import Database, DatabaseInUse
from storage.models import METADATA
from tests.stage import START, Stage


def open_at(url: str) -> Database:
    database = Database(url)
    migrate.upgrade(database)
    return database


def test_the_migrations_make_the_tables_the_models_describe(empty_database_url: str) -> None:
    database = open_at(empty_database_url)
    with database.reader.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": migrate.is_ours}
        )
        assert compare_metadata(context, METADATA) == []
        tables = set(inspect(connection).get_table_names())
    assert {table.name for table in METADATA.sorted_tables} <= tables
    database.close()


def test_an_upgrade_keeps_the_data(stage: Stage) -> None:
    stage.says("小王", "早上好")
    migrate.upgrade(stage.database)
    assert [row.text for row in stage.log()] == ["早上好"]


def test_a_database_of_a_newer_version_is_refused_and_untouched(empty_database_url: str) -> None:
    database = open_at(empty_database_url)
    with database.writer.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(migrate.NewerDatabase, match="9999"):
        migrate.upgrade(database)
    with database.reader.connect() as connection:
        assert migrate.revision(connection) == "9999"
    database.close()


def test_a_second_process_on_the_same_file_is_refused(tmp_path: Path) -> None:
    first, second = (Database(f"sqlite:///{tmp_path / 'tuan.db'}") for _ in range(2))
    first.claim()
    with pytest.raises(DatabaseInUse):
        second.claim()
    first.close()
    second.claim()
    second.close()


def test_sqlite_is_durable_and_writes_ahead(tmp_path: Path) -> None:
    database = open_at(f"sqlite:///{tmp_path / 'tuan.db'}")
    with database.writer.connect() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma synchronous")).scalar() == 2
    database.close()


def test_times_come_back_in_utc_and_naive_ones_are_refused(stage: Stage) -> None:
    beijing = datetime(2026, 3, 2, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    with stage.database.write() as session:
        faq.save(session, {"id": "a", "question": "q", "answer": "a", "is_enabled": True}, beijing)
    with stage.database.read() as session:
        assert faq.get(session, "a").updated_at == START
        assert faq.get(session, "a").updated_at.tzinfo is UTC
    with pytest.raises(Exception, match="zone"), stage.database.write() as session:
        faq.save(session, {"id": "b", "question": "q", "answer": "a", "is_enabled": True}, datetime(2026, 1, 1))


def test_stock_and_price_below_zero_are_refused_by_the_database(stage: Stage) -> None:
    product_id = stage.sells("草莓", 3990, 1)
    for column in ("stock", "price_fen"):
        with pytest.raises(IntegrityError), stage.database.write() as session:
            session.execute(text(f"update skus set {column} = -1"))
    with stage.database.read() as session:
        assert products.find_skus(session, product_id)[0].stock == 1


def test_what_raises_in_a_write_is_undone(stage: Stage) -> None:
    def fail() -> None:
        with stage.database.write() as session:
            revisions.rise(session, "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with stage.database.read() as session:
        assert revisions.count(session, "x") == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("草莓", {1, 2}), ("奶油草莓", {1}), ("莓", {1, 2, 4}), ("小王", {1}), ("A2", {3}), ("a2", {3}), ("草莓 小王", {1}),
        ("榴莲", set()), ("'; drop table inbox; --", set()), ('"草莓" OR *', set()), ("蓝莓", {4}), ("草", {1, 2}),
    ],
)
def test_two_character_words_are_found(stage: Stage, words: str, found: set[int]) -> None:
    with stage.database.write() as session:
        search.index(session, [(1, "小王 奶油草莓还有吗"), (2, "李四 草莓"), (3, "阿芳 要A2两份"), (4, "蓝莓")])
    with stage.database.read() as session:
        query = search.matching(session, words)
        assert query is not None
        assert set(session.scalars(query)) == found


@pytest.mark.parametrize("words", ["", "   ", "!!!", "。", "🍓"])
def test_a_search_for_nothing_is_no_search(stage: Stage, words: str) -> None:
    with stage.database.read() as session:
        assert search.matching(session, words) is None
