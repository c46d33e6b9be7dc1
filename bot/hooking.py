"""Calls the shop's own systems: one signed POST a job; whatever is not a 2xx is a failure, tried again by the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import httpx

from bot.event import Event
from bot.jobs import HookWanted
from bot.signatures import HEADER, sign

TIMEOUT_SECONDS = 10.0


class NotTaken(Exception):
    """The target did not take a hook."""


class Hooking:
    """Does the jobs HookWanted. Redirects are not followed, and answers are not read."""

    def __init__(self, targets: Sequence[str], secret: str, now: Callable[[], datetime]) -> None:
        self.targets, self.secret, self.now = targets, secret, now

    async def deliver(self, wanted: HookWanted) -> Event | None:
        if wanted.target >= len(self.targets):
            return None  # taken out of the settings meanwhile
        body = wanted.body.encode()
        headers = {HEADER: sign(self.secret, body, self.now()), "Content-Type": "application/json"}
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client, client.stream(
            "POST", self.targets[wanted.target], content=body, headers=headers
        ) as answer:
            if not answer.is_success:
                raise NotTaken(f"{answer.status_code} from target {wanted.target}")
        return None
