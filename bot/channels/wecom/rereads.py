"""Reads again what a callback spoke of: at once kept, read a moment later, until nothing is missing any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson
import structlog
from sqlalchemy.orm import Session

from bot.channels.base import Link
from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import GONE_CODES, ApiError, Limited, WecomError
from bot.channels.wecom.groups import get_chat, list_chat_ids
from bot.channels.wecom.rosters import Comparison, keep_silently
from storage import wecom
from storage.wecom import Reread

log = structlog.get_logger()

CHAT, KF = "chat", "kf"
TROUBLE_SECONDS = 2.0

ReadKf = Callable[[str, str], Awaitable[None]]


class Rereads:
    """The loop that reads what is due. What it reads is forgotten only once its events are kept."""

    def __init__(self, account: Account, read_kf: ReadKf) -> None:
        self.account, self._read_kf = account, read_kf
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        loop, patience = asyncio.get_running_loop(), self.account.api.patience
        next_round, next_poll = 0.0, loop.time() + patience.poll
        while True:
            try:
                if self.account.standing.link is Link.DEAF:  # soon find out whether that is still so
                    next_round = min(next_round, loop.time() + 20 * patience.tick)
                if loop.time() >= next_round:
                    next_round = loop.time() + await self._reconcile()
                if loop.time() >= next_poll:
                    next_poll = loop.time() + patience.poll
                    await self._ask((), self.account.kf_ids)
                await self.read_due()
            except Exception:
                log.exception("wecom rereads failed")
            try:
                await asyncio.wait_for(self._wake.wait(), patience.tick)
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def _reconcile(self) -> float:
        """Ask for every group and every 微信客服 account to be read; gives after how many seconds to do so again."""
        account = self.account
        try:
            chat_ids = [chat_id async for chat_id in list_chat_ids(account.api)]
        except WecomError as error:
            account.note(error)
            return error.after if isinstance(error, Limited) else 20 * account.api.patience.tick
        await self._ask(chat_ids, account.kf_ids)
        account.stands(Link.CONNECTED)
        return account.api.patience.reconcile

    async def _ask(self, chat_ids: Sequence[str], kf_ids: Sequence[str]) -> None:
        """Have these read now; what is being read again already goes on as it is."""
        account = self.account

        def ask(session: Session) -> None:
            for kind, subjects in ((CHAT, chat_ids), (KF, kf_ids)):
                for subject in subjects:
                    wecom.ask_reread(session, account.name, kind, subject, account.now())

        await account.write(ask)

    async def read_due(self) -> int:
        """Read what is due; gives how much that was."""
        account = self.account
        due = await account.read(lambda session: wecom.find_due_rereads(session, account.name, account.now()))
        for seen in due:
            try:
                is_done = await self._read(seen)
            except WecomError as error:
                await self._trouble(seen, error)
            except Exception as error:  # the events could not be kept: read again
                log.exception("wecom reread failed", kind=seen.kind)
                await self._put_off(seen, TROUBLE_SECONDS, seen.tries, str(error))
            else:
                account.stands(Link.CONNECTED)
                if is_done:
                    await account.write(lambda session, seen=seen: wecom.settle_reread(session, seen))  # type: ignore[misc]
        return len(due)

    async def _read(self, seen: Reread) -> bool:
        if seen.kind == KF:
            await self._read_kf(seen.subject, seen.token)
            return True
        return await self._read_chat(seen)

    async def _read_chat(self, seen: Reread) -> bool:
        """Compare the group with what we know; True when nothing is missing any more."""
        account, waits = self.account, self.account.api.patience.rereads
        chat = await get_chat(account.api, seen.subject)
        named = orjson.loads(seen.detail)
        changes = await account.read(
            lambda session: Comparison(session, chat, named, account.name, account.now(), sum(waits)).run()
        )
        await account.hear(*changes.events)

        def keep(session: Session) -> None:
            wecom.save_chat(session, chat.chat_id, account.name, chat.owner, chat.version, account.now())
            keep_silently(session, chat, changes, account.now())

        await account.write(keep)
        if changes.is_open:
            wait = waits[min(seen.tries, len(waits) - 1)]
            await self._put_off(seen, wait, seen.tries + 1, opened=changes.opened)
            return False
        return True

    async def _trouble(self, seen: Reread, error: WecomError) -> None:
        if isinstance(error, ApiError) and error.code in GONE_CODES:
            await self.account.write(lambda session: wecom.settle_reread(session, seen))
            return
        self.account.note(error)
        wait = error.after if isinstance(error, Limited) else TROUBLE_SECONDS
        await self._put_off(seen, wait, seen.tries, str(error))

    async def _put_off(
        self, seen: Reread, seconds: float, tries: int, why: str = "", opened: Mapping[str, float] | None = None
    ) -> None:
        if why:
            log.warning("wecom read put off", kind=seen.kind, seconds=round(seconds), why=why)
        due_at = self.account.after(seconds)
        await self.account.write(lambda session: wecom.put_off_reread(session, seen, due_at, tries, opened))
