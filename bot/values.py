"""Values that operators' posts may name: a feature says which it knows, with a sample, and finds them when one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Subject:
    """What a post is about when its words are made: where and to whom it is said, of what, and when. `slot` says what
    its plan is relative to («drop_closes:drp_1»), or the time."""

    shop_name: str
    bot_name: str
    time_zone: str
    at: datetime
    group_id: str
    member_id: str | None = None
    product_id: str | None = None
    slot: str = ""
    host: str = ""  # of our own pages: links to it are ours


Find = Callable[[Session, Subject], Any]


@dataclass(frozen=True, slots=True)
class Value:
    """One name in templates: what it is for a reader, a sample with all its attributes, and how it is found (None when
    there is none, and then the post is not said)."""

    name: str
    about: str
    sample: Any
    find: Find


Values = Mapping[str, Value]
