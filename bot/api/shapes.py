"""What the API gives and takes, as typed models."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, Field

from bot.shapes import Fen, Name, Strict, Words

Row = TypeVar("Row")
Group = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$")]


class Fault(BaseModel):
    code: str
    message: str


class Error(BaseModel):
    """Every error has this shape."""

    error: Fault


class Page(BaseModel, Generic[Row]):
    """Rows by id; `next` is the `after` of the next page, None on the last."""

    rows: list[Row]
    next: str | None = None


class SkuRow(BaseModel):
    id: str
    specs: list[str]
    price_fen: int
    stock: int


class ProductRow(BaseModel):
    id: str
    name: str
    brief: str
    unit: str
    price_fen: int
    list_price_fen: int | None
    is_on_sale: bool
    category: list[str]
    aliases: list[str]
    attributes: list[tuple[str, str]]
    skus: list[SkuRow]
    updated_at: datetime


class LineRow(BaseModel):
    sku_id: str
    name: str
    quantity: int
    unit_fen: int


class OrderRow(BaseModel):
    """An order; the member's name is masked, addresses are not given."""

    id: str
    drop_id: str | None
    group_id: str | None
    member_id: str
    member_name: str
    status: Literal["placed", "paid", "shipped", "received", "refunded", "cancelled"]
    total_fen: int
    kept_fen: int
    pays: str
    source: str
    placed_at: datetime
    paid_at: datetime | None
    received_at: datetime | None
    lines: list[LineRow]


class OfferRow(BaseModel):
    mark: str
    sku_id: str
    name: str
    price_fen: int
    stock_limit: int | None
    taken: int


class DropRow(BaseModel):
    id: str
    code: str
    kind: str
    status: str
    title: str
    pays: str
    provider: str
    opens_at: datetime | None
    closes_at: datetime | None
    offers: list[OfferRow]


class MemberRow(BaseModel):
    """A member with a masked name."""

    id: str
    channel: str
    name: str
    created_at: datetime


class RefundWanted(Strict):
    """0 is all that is kept."""

    amount_fen: Fen = 0
    reason: Words = ""


class Done(BaseModel):
    """What became of a change; the log has it under this interaction."""

    interaction: int
    is_new: bool


class OfferGiven(Strict):
    sku_id: Name
    price_fen: Fen
    stock_limit: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] | None = None
    deposit_fen: Fen | None = None
    floor_fen: Fen | None = None


class StepGiven(Strict):
    kind: Literal["tier", "threshold", "cut"]
    at: Annotated[int, Field(strict=True, ge=1, le=100_000_000)]
    fen: Fen
    sku_id: Annotated[Words, Field(max_length=80)] = ""


class DropGiven(Strict):
    """A drop to plan; without `opens_at` it is a draft."""

    kind: Literal["team", "group", "tier", "flash", "presale", "bargain", "threshold"]
    title: Annotated[Words, Field(min_length=1, max_length=120)]
    words: Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")] = ""
    pays: Literal["before", "pickup"] = "before"
    provider: Literal["offline", "wechat"] = "offline"
    pickup_point: Annotated[Words, Field(max_length=120)] = ""
    hold_minutes: Annotated[int, Field(strict=True, ge=1, le=10_080)] | None = 30
    per_member: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    goal: Annotated[int, Field(strict=True, ge=2, le=100_000)] | None = None
    team_size: Annotated[int, Field(strict=True, ge=2, le=100)] | None = None
    team_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = 24
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    balance_due_at: AwareDatetime | None = None
    offers: list[OfferGiven] = Field(min_length=1, max_length=26)
    steps: list[StepGiven] = Field(default_factory=list, max_length=50)
    groups: list[Group] = Field(default_factory=list, max_length=1_000)

    def values(self) -> dict[str, Any]:
        """As the columns of a drop."""
        return self.model_dump(exclude={"offers", "steps", "groups"})
