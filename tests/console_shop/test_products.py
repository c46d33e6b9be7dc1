"""Products: yuan become exact fen, stock is never negative, and what is saved is answered with at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.product_forms import fen_of, yuan_of
from storage import products
from tests.console.conftest import Browser, Room
from tests.console_shop.conftest import audited, field

Form = dict[str, str | Sequence[str]]


def form_of(page: str, **values: str | Sequence[str]) -> Form:
    form: Form = {
        "name": "云南草莓", "brief": "现摘", "unit": "箱", "category": "水果、莓果", "aliases": "草莓，士多啤梨",
        "attributes": "产地: 云南\n保质期：3天", "price": "39.90", "list_price": "", "is_on_sale": "true",
        "sku_id": ["", ""], "sku_specs": ["3斤装 大果", ""], "sku_price": ["39.9", ""], "sku_stock": ["12", ""],
        "revision": field(page, "revision"),
    }
    return form | values


def create(browser: Browser, **values: str | Sequence[str]) -> int:
    page = browser.get("/products/new").text
    return browser.post("/products/new", dict(form_of(page, **values))).status_code


def only_product(room: Room) -> tuple[products.Product, list[products.Sku]]:
    with room.stage.database.read() as session:
        row = products.search(session)[0]
        return row, list(products.find_skus(session, row.id))


@given(st.integers(min_value=0, max_value=9_999_999_999))
def test_fen_survive_being_written_in_yuan(fen: int) -> None:
    assert fen_of(yuan_of(fen)) == fen


@pytest.mark.parametrize("text", ["12.345", "-1", "1e3", "1,000", "12.", ".5", "", "abc", "NaN", "1 2", "٣", "999999999"])
def test_what_is_no_exact_price_is_no_price(text: str) -> None:
    assert fen_of(text) is None


def test_a_new_product_is_sold_in_exact_fen_and_answered_at_once(room: Room) -> None:
    browser = room.browser("manager")
    assert create(browser) == 200
    row, skus = only_product(room)
    assert (row.price_fen, row.alias_list) == (3990, ["草莓", "士多啤梨"])
    assert row.attribute_list == [("产地", "云南"), ("保质期", "3天")]
    assert [(sku.label, sku.price_fen, sku.stock) for sku in skus] == [("3斤装 大果", 3990, 12)]
    assert "39.9" in room.stage.says("小王", "云南草莓多少钱？", to_us=True)
    assert [entry[1] for entry in audited(room)][-1] == "product.save"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"price": "12.345"}, "最多两位小数"),
        ({"sku_price": ["12.345", ""]}, "最多两位小数"),
        ({"list_price": "很多"}, "最多两位小数"),
        ({"sku_stock": ["-1", ""]}, "库存是不小于0的整数"),
        ({"sku_stock": ["1.5", ""]}, "库存是不小于0的整数"),
        ({"sku_specs": ["", ""], "sku_price": ["", ""], "sku_stock": ["", ""]}, "至少需要一个规格"),
        ({"attributes": "产地: 云南\n没有冒号的一行"}, "第2行不是"),
        ({"name": ""}, "请填写商品名称"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_saved(
    room: Room, values: dict[str, str | Sequence[str]], told: str
) -> None:
    browser = room.browser("manager")
    assert create(browser, brief="留着的介绍", **values) == 422
    assert told in browser.page
    assert "留着的介绍" in browser.page
    with room.stage.database.read() as session:
        assert products.count(session) == 0


def test_stock_and_price_change_and_an_emptied_row_takes_its_sku_away(room: Room) -> None:
    browser = room.browser("manager")
    create(browser, sku_id=["", ""], sku_specs=["大果", "小果"], sku_price=["39.9", "29.9"], sku_stock=["12", "5"])
    row, skus = only_product(room)
    page = browser.get(f"/products/{row.id}").text
    ids = re.findall(r'name="sku_id" value="([^"]*)"', page)
    assert ids[:2] == [sku.id for sku in skus]
    changed = form_of(
        page, sku_id=ids[:2], sku_specs=["大果", ""], sku_price=["41", ""], sku_stock=["0", ""], price="41"
    )
    browser.post(f"/products/{row.id}", dict(changed))
    row, skus = only_product(room)
    assert [(sku.label, sku.price_fen, sku.stock) for sku in skus] == [("大果", 4100, 0)]
    assert "缺货" in browser.get("/products?stock=out").text


def test_a_sku_of_another_product_cannot_be_taken_over(room: Room) -> None:
    mine, other = room.stage.sells("苹果", 990), room.stage.sells("梨", 880)
    browser = room.browser("manager")
    page = browser.get(f"/products/{mine}").text
    stolen = form_of(page, sku_id=[f"{other}-1"], sku_specs=["标准"], sku_price=["1"], sku_stock=["1"])
    assert browser.post(f"/products/{mine}", dict(stolen)).status_code == 409
    with room.stage.database.read() as session:
        assert products.find_skus(session, other)[0].price_fen == 880


def test_a_form_opened_before_somebody_elses_save_is_not_saved_over_it_unseen(room: Room) -> None:
    browser = room.browser("manager")
    create(browser)
    row, _ = only_product(room)
    page = browser.get(f"/products/{row.id}").text
    stale = form_of(page, name="旧名字")
    browser.post(f"/products/{row.id}", dict(form_of(page, name="新名字", sku_id=["", ""])))
    response = browser.post(f"/products/{row.id}", dict(stale))
    assert response.status_code == 409
    assert only_product(room)[0].name == "新名字"


def test_deleting_asks_first_and_can_be_undone(room: Room) -> None:
    product_id = room.stage.sells("云南草莓", 3990)
    browser = room.browser("manager")
    assert "删除后不再卖" in browser.get(f"/products/{product_id}").text
    browser.post(f"/products/{product_id}/delete")
    assert "已删除「云南草莓」" in browser.page
    assert room.desk.shelf.knowledge.search("云南草莓多少钱") == []
    browser.post(f"/products/{product_id}/restore")
    assert "已恢复，暂未上架" in browser.page
    assert room.desk.shelf.knowledge.search("云南草莓多少钱")[0].passage_id == f"product:{product_id}"


def test_the_list_finds_by_name_category_and_stock(room: Room) -> None:
    room.stage.sells("云南草莓", 3990, stock=3, category=["水果"])
    room.stage.sells("烟台苹果", 1990, stock=90, category=["水果"])
    room.stage.sells("湿巾", 990, stock=0, category=["母婴"])
    room.stage.sells("旧款抹布", 990, stock=5, is_on_sale=False)
    browser = room.browser("viewer")
    for query, names in (
        ("q=草莓", {"云南草莓"}), ("category=水果", {"云南草莓", "烟台苹果"}), ("stock=low", {"云南草莓"}),
        ("stock=in", {"烟台苹果"}), ("stock=out", {"湿巾"}), ("stock=off", {"旧款抹布"}), ("stock=nonsense", {"湿巾"}),
    ):
        page = browser.get(f"/products?{query}").text
        everything = {"云南草莓", "烟台苹果", "湿巾", "旧款抹布"}
        shown = {name for name in everything if name in page}
        assert names <= shown
        assert "nonsense" in query or shown == names


def test_an_empty_shop_says_how_to_import(room: Room) -> None:
    assert "tuan import products FILE" in room.browser("viewer").get("/products").text


def test_a_viewer_may_look_but_not_write(room: Room) -> None:
    product_id = room.stage.sells("<i>云南草莓</i>", 3990)
    viewer = room.browser("viewer")
    page = viewer.get(f"/products/{product_id}").text
    assert "/delete" not in page
    assert "<i>云南" not in page
    assert viewer.post(f"/products/{product_id}/delete").status_code == 403
    assert viewer.post(f"/products/{product_id}", dict(form_of(page))).status_code == 403
    assert viewer.get("/products/new").status_code == 403
