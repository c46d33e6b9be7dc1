"""The shapes in which other systems write products to us: through webhooks and the API; bounded, and nothing unknown."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fen = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")]
Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SkuTold(Strict):
    id: Name
    specs: list[Words] = Field(default_factory=list, max_length=8)
    price_fen: Fen
    stock: Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class ProductTold(Strict):
    """A product as the shop has it now; without it, `is_deleted`."""

    id: Name
    name: Annotated[Words, Field(min_length=1)]
    brief: str = Field(default="", max_length=2_000, pattern=r"^[^\x00]*$")
    unit: Words = Field(default="", max_length=20)
    price_fen: Fen
    list_price_fen: Fen | None = None
    is_on_sale: bool = True
    is_deleted: bool = False
    category: list[Words] = Field(default_factory=list, max_length=8)
    aliases: list[Words] = Field(default_factory=list, max_length=30)
    attributes: list[tuple[Words, Words]] = Field(default_factory=list, max_length=50)
    skus: list[SkuTold] = Field(min_length=1, max_length=200)
