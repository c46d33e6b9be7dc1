"""Who comes to our public pages: a member their browser is known as, or why somebody is not let in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a browser tells of itself: a member's token, a wished nickname, its own secret, its address, the referral code it
    came by. All may be made up; `visitor_id` is one of ours, or empty."""

    token: str
    nickname: str
    secret: str
    address: str
    via: str = ""
    visitor_id: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A member let in, with the token their browser keeps."""

    id: str
    name: str
    token: str


class NotAdmitted(Exception):
    """Why somebody is not let in: bad_nickname, name_reserved, unknown_group, rate_limited, busy."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.why, self.retry_after = why, retry_after
