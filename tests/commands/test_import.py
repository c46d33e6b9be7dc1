"""Taking products, FAQ entries and members from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from storage import faq, groups, members, products
from storage.database import Database
from tests.commands.conftest import Tuan
from tests.needs import need

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def told(tuan: Tuan, kind: str, file: Path, *more: str) -> dict[str, Any]:
    return dict(json.loads(tuan("import", kind, file, "--json", *more).out))


def written(folder: Path, name: str, words: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(words.encode(encoding))
    return path


def product(home: Path, product_id: str) -> tuple[products.Product | None, list[products.Sku]]:
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.read() as session:
        found = products.find(session, product_id), list(products.find_skus(session, product_id))
    database.close()
    return found


CSV = """编号,名称,价格,原价,库存,规格,分类,别名,属性,属性:保质期
p1,云南蓝莓,39.9,¥49.90,36,4盒装,水果、莓果,蓝莓;蓝梅,产地=云南;口感=脆甜,冷藏5天
p1,,69.9,,18,6盒装,,,,
p2,鲜鸡蛋,12,,100,,生鲜,土鸡蛋|鸡蛋,,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_spreadsheet_in_chinese_is_taken_in_any_usual_encoding(
    tuan: Tuan, home: Path, tmp_path: Path, encoding: str
) -> None:
    summary = told(tuan, "products", written(tmp_path, "shop.csv", CSV, encoding))
    assert summary == {"added": 2, "updated": 0, "unchanged": 0, "refused": []}
    blueberry, skus = product(home, "p1")
    assert blueberry is not None
    assert (blueberry.name, blueberry.price_fen, blueberry.list_price_fen) == ("云南蓝莓", 3990, 4990)
    assert blueberry.category_list == ["水果", "莓果"]
    assert blueberry.alias_list == ["蓝莓", "蓝梅"]
    assert blueberry.attribute_list == [("产地", "云南"), ("口感", "脆甜"), ("保质期", "冷藏5天")]
    assert [(sku.label, sku.price_fen, sku.stock) for sku in skus] == [
        ("4盒装", 3990, 36),
        ("6盒装", 6990, 18),
    ]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separator_is_found(tuan: Tuan, home: Path, tmp_path: Path, separator: str) -> None:
    file = written(
        tmp_path,
        "shop.csv",
        separator.join(("id", "name", "price", "stock")) + f"\np{separator}鱼{separator}1{separator}2\n",
    )
    assert told(tuan, "products", file)["added"] == 1


def test_the_same_file_twice_changes_nothing(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "shop.csv", CSV)
    told(tuan, "products", file)
    before, skus = product(home, "p1")
    assert told(tuan, "products", file) == {"added": 0, "updated": 0, "unchanged": 2, "refused": []}
    after, same_skus = product(home, "p1")
    assert before is not None
    assert after is not None
    assert before.revision == after.revision
    assert [sku.id for sku in skus] == [sku.id for sku in same_skus]


def test_columns_that_are_not_there_stay_as_they_are(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    told(tuan, "products", written(tmp_path, "shop.csv", CSV))
    assert told(tuan, "products", written(tmp_path, "prices.csv", "id,name,price\np1,云南蓝莓,35\n"))["updated"] == 1
    blueberry, skus = product(home, "p1")
    assert blueberry is not None
    assert (blueberry.price_fen, blueberry.alias_list) == (3500, ["蓝莓", "蓝梅"])
    assert len(skus) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("p9,鱼,十元,1", "not a number"),
        ("p9,鱼,1.005,1", "more than two decimals"),
        ("p9,鱼,-1,1", "below zero"),
        ("p9,鱼,99999999999999,1", "too large"),
        ("p9,鱼,1e3,1", "not a number"),
        ("p9,鱼,=1+1,1", "formula"),
        ("p9,鱼,1,2.5", "not a whole number"),
        ("p9,,1,1", "name is missing"),
        (",鱼,1,1", "id is missing"),
        ("p/../9,鱼,1,1", "letters, digits"),
        ("p9,鱼,1,", "needs 库存 stock"),
        (f"p9,{'鱼' * 201},1,1", "longer than 200"),
        ("p9,鱼,1,1,多出来的", "more cells than the header"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_line_and_the_others_are_in(
    tuan: Tuan, home: Path, tmp_path: Path, row: str, reason: str
) -> None:
    file = written(tmp_path, "shop.csv", f"id,name,price,stock\np1,蛋,1,1\n{row}\np2,虾,2,2\n")
    outcome = tuan("import", "products", file, "--json")
    summary = json.loads(outcome.out)
    assert outcome.code == 1
    assert summary["added"] == 2
    assert [one["line"] for one in summary["refused"]] == [3]
    assert reason in summary["refused"][0]["reason"]


def test_a_product_with_a_wrong_row_among_its_skus_is_left_alone(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    told(tuan, "products", written(tmp_path, "shop.csv", CSV))
    summary = told(tuan, "products", written(tmp_path, "again.csv", CSV.replace(",18,", ",十八,")))
    assert [one["line"] for one in summary["refused"]] == [2, 3]
    assert [sku.stock for sku in product(home, "p1")[1]] == [36, 18]


def test_doubles_in_a_file_are_told_and_the_first_is_taken(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    lines = [
        {"id": "p1", "name": "蛋", "price_fen": 100, "stock": 1},
        {"id": "p1", "name": "鸭蛋", "price_fen": 200, "stock": 1},
    ]
    file = written(tmp_path, "shop.jsonl", "\n".join(json.dumps(line) for line in lines))
    summary = told(tuan, "products", file)
    assert summary["added"] == 1
    assert "line 1" in summary["refused"][0]["reason"]
    found, _ = product(home, "p1")
    assert found is not None
    assert found.name == "蛋"


def test_a_dry_run_writes_nothing(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    assert told(tuan, "products", written(tmp_path, "shop.csv", CSV), "--dry-run")["added"] == 2
    assert product(home, "p1")[0] is None


def test_a_workbook_keeps_formulas_as_text_and_numbers_exact(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["编号", "名称", "价格", "库存", "简介"],
        [1006002, "四件套", 899.1, 100, '=HYPERLINK("x")'],
        ["p2", "鱼", "=1+1", 3, ""],
    ):
        sheet.append(row)
    book.save(tmp_path / "shop.xlsx")
    summary = told(tuan, "products", tmp_path / "shop.xlsx")
    assert [one["line"] for one in summary["refused"]] == [3]
    found, skus = product(home, "1006002")
    assert found is not None
    assert (found.price_fen, found.brief, skus[0].stock) == (89910, '=HYPERLINK("x")', 100)


def test_an_faq_answer_whose_template_is_broken_is_refused(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    file = written(
        tmp_path, "faq.yaml",
        "- {id: a, question: 几点关门？, answer: '{{ shop }} 晚上12:30关门', phrasings: [关门了吗, 几点打烊]}\n"
        "- {id: b, question: 有货吗？, answer: '{% if %}'}\n"
        "- {id: c, question: 秘密？, answer: '{{ nobody }}'}\n"
        "- {id: d, question: 太大？, answer: \"{{ 'x' * 999999999 }}\"}\n",
    )  # fmt: skip
    summary = told(tuan, "faq", file)
    assert summary["added"] == 1
    assert [one["line"] for one in summary["refused"]] == [2, 3, 4]
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.read() as session:
        entry = faq.get(session, "a")
        assert (entry.answer, entry.phrasing_list) == ("{{ shop }} 晚上12:30关门", ["关门了吗", "几点打烊"])
    database.close()


def test_members_come_into_their_groups_without_a_greeting(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    tuan("reset-demo", "--yes")
    file = written(
        tmp_path,
        "members.csv",
        "编号,昵称,群,备注\nm1,小李,sunshine,三号楼\nm1,小李,office,\nm2,小王,nowhere,\n",
    )
    summary = told(tuan, "members", file)
    assert (summary["added"], [one["line"] for one in summary["refused"]]) == (1, [4])
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.read() as session:
        assert members.get(session, "web:m1").name == "小李"
        assert {row.group_id for row in groups.find_memberships_of(session, "web:m1")} == {
            "web:sunshine",
            "web:office",
        }
        assert "web:m1" not in {row.member_id for row in groups.find_ungreeted(session, "web:sunshine")}
    database.close()
    assert told(tuan, "members", file)["unchanged"] == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"id,id\n1,2\n"),
        ("a.csv", b"\x80\x00\xff\xfe\x00"),
        ("a.yaml", b"- [[[[[[[[[["),
        ("a.yaml", b"- &a {id: x}\n- *a\n"),
        ("a.yaml", b"id: x\n"),
        ("a.yaml", b"[" * 200_000),
        ("a.xlsx", b"no zip"),
        ("a.doc", b"x"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    tuan: Tuan, home: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    outcome = tuan("import", "products", tmp_path / name)
    assert outcome.code == 2
    assert len(outcome.err.strip().splitlines()) == 1


def test_json_that_is_nested_without_end_is_refused(tuan: Tuan, home: Path, tmp_path: Path) -> None:
    file = written(
        tmp_path, "a.jsonl", "[" * 100_000 + "\n" + '{"id": "p", "name": {"a": 1}, "price": 1, "stock": 1}\n'
    )
    assert [one["line"] for one in told(tuan, "products", file)["refused"]] == [1, 2]


def test_the_real_catalogue_imports_cleanly_and_twice(tuan: Tuan, home: Path) -> None:
    need(SHARED.is_dir(), "no shared data beside the checkout")
    lines = (SHARED / "shop" / "products.jsonl").read_text("utf-8").splitlines()
    assert told(tuan, "products", SHARED / "shop" / "products.jsonl") == {
        "added": len(lines), "updated": 0, "unchanged": 0, "refused": [],
    }  # fmt: skip
    assert told(tuan, "products", SHARED / "shop" / "products.jsonl")["unchanged"] == len(lines)
    assert told(tuan, "faq", SHARED / "shop" / "faq.jsonl")["refused"] == []
    assert told(tuan, "faq", SHARED / "faq" / "faq.jsonl")["refused"] == []
