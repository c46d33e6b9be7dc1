"""The commands on both databases alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.commands.conftest import Tuan
from tests.needs import need


@pytest.fixture
def shop(tuan: Tuan, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Tuan:
    monkeypatch.setenv("TUAN_DATABASE_URL", empty_database_url)
    return tuan


def test_the_demo_is_loaded_added_to_and_reset(shop: Tuan, tmp_path: Path) -> None:
    assert shop("reset-demo", "--yes").code == 0
    for kind, rows in (("products", "id,name,price,stock\np1,鱼,1,1\n"), ("faq", "id,question,answer\nf1,在吗,在\n")):
        (tmp_path / "own.csv").write_text(rows, "utf-8")
        assert json.loads(shop("import", kind, tmp_path / "own.csv", "--json").out)["added"] == 1
        assert json.loads(shop("import", kind, tmp_path / "own.csv", "--json").out)["unchanged"] == 1
    (tmp_path / "own.csv").write_text("id,name,group\nm1,小李,sunshine\n", "utf-8")
    assert json.loads(shop("import", "members", tmp_path / "own.csv", "--json").out)["added"] == 1
    assert len(shop("log", "-n", "10", "--json").out.splitlines()) == 10
    assert shop("doctor").code == 0
    assert shop("reset-demo", "--yes").code == 1
    assert shop("reset-demo", "--yes", "--force").code == 0
    (tmp_path / "own.csv").write_text("id,name,price,stock\np1,鱼,1,1\n", "utf-8")
    assert json.loads(shop("import", "products", tmp_path / "own.csv", "--json").out)["added"] == 1


def test_a_backup_says_what_it_did_or_what_to_do(shop: Tuan, empty_database_url: str, tmp_path: Path) -> None:
    need(shutil.which("pg_dump"), "no pg_dump")
    assert shop("reset-demo", "--yes").code == 0
    assert shop("backup", tmp_path / "shop.tar.gz").code == 0
    restored = shop("restore", tmp_path / "shop.tar.gz")
    if empty_database_url.startswith("sqlite"):
        assert restored.code == 0
    else:
        assert restored.code == 1
        assert "pg_restore" in restored.err
