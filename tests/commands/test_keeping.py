"""Backups, restores and the demo: what is there is never lost by accident."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from storage import faq, operators, products
from storage.database import Database
from tests.commands.conftest import Tuan


def open_shop(home: Path) -> Database:
    return Database(f"sqlite:///{home / 'tuan.db'}")


def count_products(home: Path) -> int:
    database = open_shop(home)
    with database.read() as session:
        found = products.count(session)
    database.close()
    return found


def add_fish(tuan: Tuan, tmp_path: Path) -> None:
    (tmp_path / "fish.csv").write_text("id,name,price,stock\nfish,鱼,1,1\n", "utf-8")
    assert tuan("import", "products", tmp_path / "fish.csv").code == 0


def test_a_backup_brings_the_shop_back_with_secret_and_pictures(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    tuan("reset-demo", "--yes")
    (home / "secret").write_text("first", "ascii")
    (home / "pictures").mkdir()
    (home / "pictures" / "cat.png").write_bytes(b"cat")
    demo_count = count_products(home)
    file = tmp_path / "shop.tar.gz"
    assert tuan("backup", file).code == 0
    assert file.stat().st_mode & 0o077 == 0
    add_fish(tuan, tmp_path)
    (home / "secret").write_text("second", "ascii")
    (home / "pictures" / "cat.png").unlink()
    assert tuan("restore", file).code == 0
    assert count_products(home) == demo_count
    assert (home / "secret").read_text("ascii") == "first"
    assert (home / "pictures" / "cat.png").read_bytes() == b"cat"
    aside = [*home.glob("tuan.db.before-restore-*")]
    assert len(aside) == 1
    with closing(sqlite3.connect(aside[0])) as old:
        assert old.execute("select count(*) from products where id = 'fish'").fetchone() == (1,)


def test_a_backup_is_made_while_somebody_writes(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    tuan("reset-demo", "--yes")
    database = open_shop(home)
    with database.write() as session:
        products.remove(session, "prd_blueberry", products.get(session, "prd_blueberry").updated_at)
        session.flush()
        assert tuan("backup", tmp_path / "shop.tar.gz").code == 0
    database.close()
    left = count_products(home)
    assert tuan("restore", tmp_path / "shop.tar.gz").code == 0
    assert count_products(home) == left + 1


def test_a_restore_is_refused_while_the_shop_is_open(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    tuan("reset-demo", "--yes")
    tuan("backup", tmp_path / "shop.tar.gz")
    running = open_shop(home)
    running.claim()
    for command in (("restore", tmp_path / "shop.tar.gz"), ("reset-demo", "--yes")):
        outcome = tuan(*command)
        assert outcome.code == 1
        assert "another tuan process" in outcome.err
    running.close()


def cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def other(_whole: bytes) -> bytes:
    return b"no backup at all"


def poisoned(_whole: bytes) -> bytes:
    """A tar that would write outside its folder."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name in ("../../outside", "pictures/../../outside", "/outside", "manifest.json"):
            entry = tarfile.TarInfo(name)
            entry.size = 2
            tar.addfile(entry, io.BytesIO(b"{}"))
    return made.getvalue()


@pytest.mark.parametrize("damage", [cut, other, poisoned])
def test_a_damaged_backup_changes_nothing(tuan: Tuan, home: Path, tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    tuan("reset-demo", "--yes")
    file = tmp_path / "shop.tar.gz"
    tuan("backup", file)
    file.write_bytes(damage(file.read_bytes()))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    outcome = tuan("restore", file)
    assert outcome.code == 1
    assert len(outcome.err.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert count_products(home) > 60


def test_resetting_the_demo_asks_first_and_keeps_who_may_sign_in(tuan: Tuan, home: Path) -> None:
    tuan("reset-demo", "--yes")
    assert tuan("operator", "add", "周姐", "--role", "admin").code == 0
    database = open_shop(home)
    with database.write() as session:
        faq.remove(session, "faq_cutoff", faq.get(session, "faq_cutoff").updated_at)
    assert tuan("reset-demo", answers="n\n").code == 1
    with database.read() as session:
        assert faq.find(session, "faq_cutoff") is None
    assert tuan("reset-demo", answers="y\n").code == 0
    with database.read() as session:
        assert faq.find(session, "faq_cutoff") is not None
        assert operators.find_by_name(session, "周姐") is not None
    database.close()


def test_a_shop_of_ones_own_is_not_emptied_by_mistake(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    tuan("reset-demo", "--yes")
    add_fish(tuan, tmp_path)
    before = count_products(home)
    outcome = tuan("reset-demo", "--yes")
    assert (outcome.code, count_products(home)) == (1, before)
    assert "--force" in outcome.err
    assert tuan("reset-demo", "--yes", "--force").code == 0
    assert count_products(home) == before - 1
