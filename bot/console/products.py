"""Products: finding, writing and deleting what the shop sells, with prices in yuan and stock by SKU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import product_forms, shelved
from bot.console.pages import get, post
from bot.console.product_forms import ProductForm, SkuRow
from bot.console.shelved import Shelved
from bot.console.visit import NotFound, Visit
from storage import products
from storage.operators import MANAGER, VIEWER
from storage.products import LOW_STOCK, Product

LIST, A_PAGE, BLANK_ROWS = "/console/products", 50, 2
STOCKS = ("in", "low", "out", "off")

SHELVED: Shelved[Product] = Shelved(
    "product", LIST, products.find, products.find_any, products.remove, products.restore, lambda product: {"name": product.name}
)


class Stale(Exception):
    """Somebody else saved the product after this form was opened; undoes the transaction."""


class SkuTaken(Exception):
    """A SKU id in the form belongs to another product; undoes the transaction."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A product in the list: its lowest and highest price in fen, and its stock over all SKUs."""

    row: Product
    low: int
    high: int
    stock: int
    state: str


def catalogue(visit: Visit) -> Response:
    words, category, stock = visit.query("q", 100), visit.query("category", 80), visit.chosen("stock", STOCKS)
    with visit.read() as session:
        found = products.search(
            session, words, category, after=visit.query("after", 80) or None, limit=A_PAGE + 1, stock=stock
        )
        shown = _shown(session, found[:A_PAGE])
        categories, total = products.find_categories(session), products.count(session)
        deleted = shelved.find_deleted(session, SHELVED, visit.query("deleted", 80))
    return visit.page(
        "products.html", products=shown, next_after=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
        categories=categories, total=total, words=words, category=category, stock=stock, deleted=deleted,
    )


def new(visit: Visit) -> Response:
    return _form(visit, ProductForm())


def edit(visit: Visit) -> Response:
    with visit.read() as session:
        product = products.find(session, visit.path("id"))
        if product is None:
            raise NotFound
        typed = product_forms.of_product(product, products.find_skus(session, product.id))
    return _form(visit, typed)


def create(visit: Visit) -> Response:
    return _save(visit, "")


def update(visit: Visit) -> Response:
    return _save(visit, visit.path("id"))


def delete(visit: Visit) -> Response:
    return shelved.delete(visit, SHELVED)


def restore(visit: Visit) -> Response:
    return shelved.restore(visit, SHELVED, visit.translate("已恢复，暂未上架。"))


def _save(visit: Visit, product_id: str) -> Response:
    typed = product_forms.read(visit.form, product_id, visit.translate)
    if not typed.is_sound:
        return _form(visit, typed, 422)
    values, skus = typed.columns(), typed.sku_values()
    changes = {"name": typed.name, "price_fen": values["price_fen"], "is_on_sale": typed.is_on_sale}
    detail = changes | {"skus": [[sku["id"], sku["price_fen"], sku["stock"]] for sku in skus]}
    try:
        with visit.act("product.save", f"product:{values['id']}", **detail) as session:
            _check(session, product_id, typed, [sku["id"] for sku in skus])
            products.save(session, values, skus, visit.now)
    except Stale:
        with visit.read() as session:
            typed.revision = products.get(session, product_id).revision
        typed.errors[""] = visit.translate("别人刚刚改过这个商品。请核对后再保存，会覆盖对方的修改。")
        return _form(visit, typed, 409)
    except SkuTaken:
        typed.errors["skus"] = visit.translate("有规格属于别的商品，请刷新页面再试。")
        return _form(visit, typed, 409)
    visit.desk.shelf.refresh()
    return visit.go(f"{LIST}/{values['id']}", visit.translate("已保存，下一个问题就会用上。"))


def _check(session: Session, product_id: str, typed: ProductForm, sku_ids: list[str]) -> None:
    if any(owner != product_id for owner in products.find_owner_of_sku(session, sku_ids).values()):
        raise SkuTaken
    if not product_id:
        return
    product = products.find(session, product_id)
    if product is None:
        raise NotFound
    if product.revision != typed.revision:
        raise Stale


def _form(visit: Visit, typed: ProductForm, status: int = 200) -> Response:
    """The form with a few empty SKU rows to fill in."""
    filled = [sku for sku in typed.skus if not sku.is_blank]
    typed.skus = filled + [SkuRow() for _ in range(BLANK_ROWS)]
    with visit.read() as session:
        categories = products.find_categories(session)
    return visit.page("products_edit.html", status, form=typed, categories=categories)


def _shown(session: Session, rows: Sequence[Product]) -> list[Shown]:
    skus = products.find_skus_of(session, [row.id for row in rows])
    shown = []
    for row in rows:
        prices = [sku.price_fen for sku in skus[row.id]] or [row.price_fen]
        stock = sum(sku.stock for sku in skus[row.id])
        state = "off" if not row.is_on_sale else "out" if stock == 0 else "low" if stock < LOW_STOCK else "in"
        shown.append(Shown(row, min(prices), max(prices), stock, state))
    return shown


# An id may hold a slash, so what ends in a word stands before what ends in the id.
PAGES = (
    get("/products", catalogue, VIEWER),
    get("/products/new", new, MANAGER),
    get("/products/{id:path}", edit, VIEWER),
    post("/products/new", create, MANAGER),
    post("/products/{id:path}/delete", delete, MANAGER),
    post("/products/{id:path}/restore", restore, MANAGER),
    post("/products/{id:path}", update, MANAGER),
)
