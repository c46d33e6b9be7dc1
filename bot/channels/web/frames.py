"""The frames a client sends, checked; and how a fault is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MAX_FRAME = 64 * 1024  # characters
Number = Annotated[int, Field(ge=0, le=2**53)]
To = Literal["group", "private"]
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Trouble(Exception):
    """Why a frame or a socket is refused; told as an `error` frame, and a close code when that ends the visit."""

    def __init__(
        self, code: str, message: str, *, client_id: str | None = None, retry_after: float | None = None,
        close: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.client_id = code, message, client_id
        self.retry_after, self.close = retry_after, close

    def frame(self) -> dict[str, Any]:
        told: dict[str, Any] = {"type": "error", "code": self.code, "message": self.message}
        if self.client_id is not None:
            told["client_id"] = self.client_id
        if self.retry_after is not None:
            told["retry_after"] = round(self.retry_after, 1)
        return told


class _Frame(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Cursor(_Frame):
    """How far a client has read one conversation."""

    heard: Number = 0
    said: Number = 0


class Since(_Frame):
    group: Cursor = Cursor()
    private: Cursor = Cursor()


class Hello(_Frame):
    type: Literal["hello"]
    nickname: str | None = Field(default=None, max_length=400)
    token: str | None = Field(default=None, max_length=400)
    client_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{16,64}$")
    invited_by: str | None = Field(default=None, max_length=60)
    via: str | None = Field(default=None, pattern=r"^[2-9A-HJ-NP-Z]{8}$")
    since: Since | None = None


class Say(_Frame):
    type: Literal["say"]
    client_id: ClientId
    text: str = ""
    to: To = "group"
    mentions: list[Annotated[str, Field(max_length=60)]] = Field(default=[], max_length=20)
    quotes: str | None = Field(default=None, pattern=r"^[io][0-9]{1,15}$")
    picture: str | None = Field(default=None, max_length=100)


class History(_Frame):
    type: Literal["history"]
    before: Cursor
    to: To = "group"
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Members(_Frame):
    type: Literal["members"]


class Leave(_Frame):
    type: Literal["leave"]


class Ping(_Frame):
    type: Literal["ping"]


Frame = Hello | Say | History | Members | Leave | Ping
_FRAMES: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])
KINDS = frozenset({"hello", "say", "history", "members", "leave", "ping"})


def read(text: str) -> Frame:
    """The frame a client sent. Raises Trouble."""
    if len(text) > MAX_FRAME:
        raise Trouble("too_large", f"a frame has at most {MAX_FRAME} characters", close=1009)
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Trouble("bad_json", "the frame is not valid JSON") from None
    if not isinstance(values, dict):
        raise Trouble("bad_frame", "the frame is not a JSON object")
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Trouble("unknown_frame", "the frame's type is not known")
    client_id = values.get("client_id")
    try:
        return _FRAMES.validate_python(values)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])[:80]
        is_usable = isinstance(client_id, str) and len(client_id) <= 64
        raise Trouble("bad_frame", f"{where}: {first['msg']}", client_id=client_id if is_usable else None) from None
