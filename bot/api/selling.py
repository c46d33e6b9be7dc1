"""Products and members over the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from bot.api.gate import Caller, desk_of, needs, no
from bot.api.shapes import MemberRow, Page, ProductRow, SkuRow
from bot.shapes import ProductTold
from storage import audit, members, products
from storage.products import Product, Sku

router = APIRouter()
After = Annotated[str, Query(max_length=120, pattern=r"^[^\x00-\x1f]*$")]
Limit = Annotated[int, Query(ge=1, le=200)]
Id = Annotated[str, Path(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")]


def masked_name(name: str) -> str:
    """The first character of a name; a member is known by their id."""
    return name[:1] + "*" * min(2, max(0, len(name) - 1))


def _row(product: Product, skus: list[Sku]) -> ProductRow:
    return ProductRow(
        id=product.id, name=product.name, brief=product.brief, unit=product.unit, price_fen=product.price_fen,
        list_price_fen=product.list_price_fen, is_on_sale=product.is_on_sale, category=product.category_list,
        aliases=product.alias_list, attributes=product.attribute_list, updated_at=product.updated_at,
        skus=[SkuRow(id=one.id, specs=one.spec_list, price_fen=one.price_fen, stock=one.stock) for one in skus],
    )


@router.get("/products")
def list_products(
    request: Request, _: Annotated[Caller, Depends(needs("products:read"))], after: After = "", limit: Limit = 50
) -> Page[ProductRow]:
    with desk_of(request).database.read() as session:
        found = products.search(session, after=after or None, limit=limit + 1)
        skus = products.find_skus_of(session, [one.id for one in found])
        rows = [_row(one, skus[one.id]) for one in found[:limit]]
    return Page(rows=rows, next=rows[-1].id if len(found) > limit else None)


@router.get("/products/{product_id}")
def get_product(request: Request, product_id: Id, _: Annotated[Caller, Depends(needs("products:read"))]) -> ProductRow:
    with desk_of(request).database.read() as session:
        product = products.find(session, product_id)
        if product is None:
            raise no(404, "not_found", "no such product")
        return _row(product, list(products.find_skus(session, product_id)))


@router.put("/products/{product_id}")
def put_product(
    request: Request, product_id: Id, told: ProductTold, caller: Annotated[Caller, Depends(needs("products:write"))]
) -> ProductRow:
    """Save a product whole: what is not given has its default, SKUs not listed go. `is_deleted` is not for here."""
    desk, given = desk_of(request), told.model_dump()
    skus = given.pop("skus")
    if told.id != product_id or given.pop("is_deleted") or len({one["id"] for one in skus}) < len(skus):
        raise no(409, "other_id", "the body's id is the address's, SKUs are different, and nothing is deleted here")
    with desk.database.write() as session:
        owners = products.find_sku_owners(session, [one["id"] for one in skus])
        if any(owner != product_id for owner in owners.values()):
            raise no(409, "sku_taken", "a SKU belongs to another product")
        products.save(session, given, skus, desk.now())
        audit.record(
            session, at=desk.now(), operator_id=None, operator_name=caller.by, action="product.save", subject=f"product:{product_id}"
        )
    with desk.database.read() as session:
        return _row(products.get(session, product_id), list(products.find_skus(session, product_id)))


@router.get("/members")
def list_members(
    request: Request, _: Annotated[Caller, Depends(needs("members:read"))], after: After = "", limit: Limit = 50
) -> Page[MemberRow]:
    with desk_of(request).database.read() as session:
        found = members.search(session, "", after=after or None, limit=limit + 1)
    rows = [MemberRow(id=one.id, channel=one.channel, name=masked_name(one.name), created_at=one.created_at) for one in found[:limit]]
    return Page(rows=rows, next=rows[-1].id if len(found) > limit else None)
