"""Has a network make the code by which a group is joined through a member's own link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.jobs import JoinWayWanted


class Inviting(Protocol):
    """A channel whose network makes such codes; gives what is wrong in plain words, or nothing."""

    async def invite(self, state: str, group_ids: Sequence[str], name: str) -> str: ...


class NotMade(Exception):
    """The network made no code, for the reason it gives; the job is tried again."""


class Joining:
    """Does the jobs, with the accounts by name."""

    def __init__(self, accounts: Mapping[str, Inviting]) -> None:
        self._accounts = accounts

    async def make_way(self, job: JoinWayWanted) -> None:
        """Make the code; there is nothing to answer. An account we no longer have makes none."""
        account = self._accounts.get(job.account)
        if account is None:
            return
        trouble = await account.invite(job.state, [job.group_id], job.name)
        if trouble:
            raise NotMade(trouble)
