"""Products and SKUs: what the shop sells, its price in fen and its stock, live."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Text,
    delete,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from storage import revisions
from storage.base import Base, UtcTime, rows_fast

LOW_STOCK = 10  # all SKUs of a product together; under it the console marks the product

class Product(Base):
    """What the shop sells. JSON columns: category (list), aliases (list), attributes (list of [name, value])."""

    __tablename__ = "products"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    brief: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[str] = mapped_column(Text, default="[]")
    aliases: Mapped[str] = mapped_column(Text, default="[]")
    attributes: Mapped[str] = mapped_column(Text, default="[]")
    unit: Mapped[str] = mapped_column(String(20), default="")
    price_fen: Mapped[int] = mapped_column(BigInteger)
    list_price_fen: Mapped[int | None] = mapped_column(BigInteger)
    is_on_sale: Mapped[bool] = mapped_column(Boolean, default=True)
    revision: Mapped[int] = mapped_column(Integer, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    skus: Mapped[list[Sku]] = relationship(lazy="raise", order_by="Sku.position", back_populates="product")

    __table_args__ = (CheckConstraint("price_fen >= 0", name="price"),)

    @property
    def category_list(self) -> list[str]:
        return list(json.loads(self.category))

    @property
    def alias_list(self) -> list[str]:
        return list(json.loads(self.aliases))

    @property
    def attribute_list(self) -> list[tuple[str, str]]:
        return [(str(pair[0]), str(pair[1])) for pair in json.loads(self.attributes)]


class Sku(Base):
    """One sellable variant; `specs` is a JSON list of its words, `stock` never falls below zero."""

    __tablename__ = "skus"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    specs: Mapped[str] = mapped_column(Text, default="[]")
    price_fen: Mapped[int] = mapped_column(BigInteger)
    stock: Mapped[int] = mapped_column(Integer)
    product: Mapped[Product] = relationship(lazy="raise", back_populates="skus")

    __table_args__ = (
        CheckConstraint("price_fen >= 0", name="price"),
        CheckConstraint("stock >= 0", name="stock"),
    )

    @property
    def spec_list(self) -> list[str]:
        return list(json.loads(self.specs))

    @property
    def label(self) -> str:
        return " ".join(self.spec_list)


def labels_of(specs: str) -> list[str]:
    """The words of a SKU's `specs` column."""
    return list(json.loads(specs))


def get(session: Session, product_id: str) -> Product:
    return session.get_one(Product, product_id)


def find(session: Session, product_id: str) -> Product | None:
    """A product that is not deleted."""
    product = session.get(Product, product_id)
    return None if product is None or product.deleted_at is not None else product


@dataclass(frozen=True, slots=True)
class SkuFacts:
    label: str
    price_fen: int
    stock: int


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product as members are told of it, from the live rows; money in fen."""

    name: str
    brief: str
    unit: str
    price_fen: int
    list_price_fen: int | None
    is_on_sale: bool
    attributes: dict[str, str]
    skus: tuple[SkuFacts, ...]


_FACTS = (
    "select p.name, p.brief, p.unit, p.price_fen, p.list_price_fen, p.is_on_sale, p.attributes,"
    " s.specs, s.price_fen, s.stock from products p left join skus s on s.product_id = p.id"
    " where p.id = ? and p.deleted_at is null order by s.position"
)


def find_facts(session: Session, product_id: str) -> ProductFacts | None:
    """What can be said of a product now; None when it is deleted."""
    rows = rows_fast(session.connection(), _FACTS, product_id)
    if not rows:
        return None
    name, brief, unit, price_fen, list_price_fen, is_on_sale, attributes = rows[0][:7]
    skus = tuple(
        SkuFacts(" ".join(json.loads(specs)), sku_price_fen, stock)
        for *_, specs, sku_price_fen, stock in rows if specs is not None
    )
    known = {str(pair[0]): str(pair[1]) for pair in json.loads(attributes)}
    return ProductFacts(name, brief, unit, price_fen, list_price_fen, bool(is_on_sale), known, skus)


def find_skus(session: Session, product_id: str) -> Sequence[Sku]:
    return session.scalars(select(Sku).where(Sku.product_id == product_id).order_by(Sku.position)).all()


def find_skus_of(session: Session, product_ids: Sequence[str]) -> dict[str, list[Sku]]:
    """The SKUs of several products, in their order."""
    found: dict[str, list[Sku]] = {product_id: [] for product_id in product_ids}
    query = select(Sku).where(Sku.product_id.in_(product_ids)).order_by(Sku.product_id, Sku.position)
    for sku in session.scalars(query):
        found[sku.product_id].append(sku)
    return found


def search(
    session: Session, words: str = "", category: str = "", *, after: str | None = None, limit: int = 50,
    stock: str = "",
) -> Sequence[Product]:
    """Products whose name, aliases or id hold the words, by id. stock: in, low (under LOW_STOCK), out, off (sale)."""
    query = select(Product).where(Product.deleted_at.is_(None)).order_by(Product.id).limit(limit)
    if words:
        query = query.where(
            Product.name.contains(words, autoescape=True)
            | Product.aliases.contains(words, autoescape=True)
            | (Product.id == words)
        )
    if category:
        query = query.where(Product.category.contains(json.dumps(category, ensure_ascii=False), autoescape=True))
    if stock:
        query = query.where(_in_stock_state(stock))
    if after:
        query = query.where(Product.id > after)
    return session.scalars(query).all()


def _in_stock_state(stock: str) -> ColumnElement[bool]:
    if stock == "off":
        return Product.is_on_sale.is_(False)
    total = (
        select(func.coalesce(func.sum(Sku.stock), 0)).where(Sku.product_id == Product.id).correlate(Product)
    ).scalar_subquery()
    within = {"out": total == 0, "low": (total > 0) & (total < LOW_STOCK), "in": total >= LOW_STOCK}
    return Product.is_on_sale & within[stock]


def find_categories(session: Session) -> list[str]:
    """Every category word in use, in order."""
    stored = session.scalars(select(Product.category).where(Product.deleted_at.is_(None)).distinct())
    return sorted({word for words in stored for word in json.loads(words)})


def find_changed(session: Session, since_revision: int) -> Sequence[Product]:
    """Products changed or deleted after this revision."""
    return session.scalars(select(Product).where(Product.revision > since_revision)).all()


def count(session: Session) -> int:
    return session.execute(
        select(func.count()).select_from(Product).where(Product.deleted_at.is_(None))
    ).scalar_one()


def find_existing_ids(session: Session, ids: Sequence[str]) -> set[str]:
    return set(session.scalars(select(Product.id).where(Product.id.in_(ids))))


def find_with_ids(session: Session, ids: Sequence[str]) -> dict[str, Product]:
    """Products by id, deleted ones too."""
    return {product.id: product for product in session.scalars(select(Product).where(Product.id.in_(ids)))}


def find_all_ids(session: Session) -> set[str]:
    """The ids of all products that are not deleted."""
    return set(session.scalars(select(Product.id).where(Product.deleted_at.is_(None))))


def find_sku_owners(session: Session, sku_ids: Sequence[str]) -> dict[str, str]:
    """Which product each of these SKUs belongs to, where it is known."""
    rows = session.execute(select(Sku.id, Sku.product_id).where(Sku.id.in_(sku_ids)))
    return {row.id: row.product_id for row in rows}


def find_all_owners(session: Session) -> dict[str, str]:
    """Which product each SKU belongs to."""
    return {row.id: row.product_id for row in session.execute(select(Sku.id, Sku.product_id))}


def save(session: Session, values: Mapping[str, Any], skus: Sequence[Mapping[str, Any]], now: datetime) -> Product:
    """Insert or update a product with its SKUs (in their order); SKUs no longer listed are taken away."""
    product = session.get(Product, values["id"]) or Product(id=values["id"])
    for name in ("name", "brief", "unit", "price_fen", "list_price_fen", "is_on_sale"):
        if name in values:
            setattr(product, name, values[name])
    for name in ("category", "aliases", "attributes"):
        if name in values:
            setattr(product, name, json.dumps(values[name], ensure_ascii=False))
    product.revision, product.updated_at, product.deleted_at = revisions.rise(session), now, None
    session.add(product)
    session.flush()
    kept = [sku["id"] for sku in skus]
    session.execute(delete(Sku).where(Sku.product_id == product.id, Sku.id.not_in(kept)))
    for position, sku in enumerate(skus):
        session.merge(
            Sku(
                id=sku["id"], product_id=product.id, position=position, price_fen=sku["price_fen"],
                stock=sku["stock"], specs=json.dumps(list(sku["specs"]), ensure_ascii=False),
            )
        )
    return product


def remove(session: Session, product_id: str, now: datetime) -> None:
    """Take a product out of the shop; the row stays for what refers to it."""
    product = get(session, product_id)
    product.deleted_at, product.is_on_sale, product.revision = now, False, revisions.rise(session)


def restore(session: Session, product_id: str, now: datetime) -> None:
    """Undo a removal; the product comes back off sale, so that somebody looks at it first."""
    product = get(session, product_id)
    product.deleted_at, product.updated_at, product.revision = None, now, revisions.rise(session)


def find_owner_of_sku(session: Session, sku_ids: Sequence[str]) -> dict[str, str]:
    """Which product each of these SKUs belongs to, where it is known."""
    rows = session.execute(select(Sku.id, Sku.product_id).where(Sku.id.in_(sku_ids)))
    return {row[0]: row[1] for row in rows}


def find_any(session: Session, product_id: str) -> Product | None:
    """A product, deleted or not."""
    return session.get(Product, product_id)
