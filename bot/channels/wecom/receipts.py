"""Receipts: what became of the sends a staff member was asked for, with reminders, until it is known or given up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import structlog

from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import ApiError, Limited, WecomError
from bot.channels.wecom.sends import Sends, results
from storage import outbox, wecom
from storage.wecom import GroupSend

log = structlog.get_logger()

NOT_YET, SENT = 0, 1
WHY = {
    2: "客户不是好友，没发出去 · not a contact of the sender",
    3: "这个群已收到别的群发，没发出去 · the group has had its group sends already",
}
NOT_CONFIRMED = "三天没有人确认，已停止 · nobody confirmed within three days; stopped"


class Receipts:
    """Looks after the sends that wait."""

    def __init__(self, account: Account, sends: Sends) -> None:
        self.account, self._sends = account, sends

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("wecom receipts failed")
            await asyncio.sleep(self.account.api.patience.tick)

    async def look(self) -> int:
        """Look at what is due; gives how many sends that were."""
        account = self.account
        due = await account.read(lambda session: wecom.find_due_sends(session, account.name, account.now()))
        for one in due:
            try:
                await self._look_at(one)
            except WecomError as error:
                account.note(error)
                await self._later(one, error.after if isinstance(error, Limited) else 60.0)
        return len(due)

    async def _look_at(self, one: GroupSend) -> None:
        row = await self.account.read(lambda session: session.get(outbox.Saying, one.outbox_id))
        if row is None or row.state in (outbox.SENT, outbox.FAILED, outbox.SUPPRESSED):
            await self._drop(one, is_stopped=row is not None and row.state == outbox.SUPPRESSED)
            return
        if one.kind == wecom.DRAFT:
            await self._wait_on(one)
            return
        found = [
            result.get("status") for result in await results(self.account, one.message_id or "", one.sender)
            if result.get("chat_id") == one.chat_id
        ]
        status = found[0] if found else NOT_YET
        if status == NOT_YET:
            await self._wait_on(one)
        else:
            await self._settle(one, status if isinstance(status, int) else 0)

    async def _settle(self, one: GroupSend, status: int) -> None:
        """A staff member sent it, or WeCom says why not."""
        now = self.account.now()

        def settle(session: Any) -> None:
            if not outbox.take_back(session, one.outbox_id, (outbox.HELD,)):
                return  # the sender has not written yet that it is held: look again
            if status == SENT:
                outbox.mark_sent(session, [(one.outbox_id, one.message_id)], now)
            else:
                reason = WHY.get(status, f"企业微信没有发出 · WeCom did not send it ({status})")
                outbox.mark(session, one.outbox_id, state=outbox.FAILED, reason=reason)
            state = wecom.DONE if status == SENT else wecom.FAILED
            wecom.set_send(session, [one.outbox_id], state=state)

        await self.account.write(settle)

    async def _wait_on(self, one: GroupSend) -> None:
        """Not sent yet: remind now and then, and give up in the end."""
        account, patience = self.account, self.account.api.patience
        waited = (account.now() - one.asked_at).total_seconds()
        if waited > patience.give_up:
            await self._stop(one)
            return
        if one.kind == wecom.TASK and one.reminders < len(patience.remind) and waited > patience.remind[one.reminders]:
            await self._sends.remind(one)
        await self._later(one, min(max(patience.receipt, waited / 10), patience.receipt_most))

    async def _stop(self, one: GroupSend) -> None:
        def fail(session: Any) -> None:
            if outbox.take_back(session, one.outbox_id, (outbox.HELD,)):
                outbox.mark(session, one.outbox_id, state=outbox.FAILED, reason=NOT_CONFIRMED)

        await self.account.write(fail)
        await self._drop(one, is_stopped=True)

    async def _drop(self, one: GroupSend, is_stopped: bool) -> None:
        """Nobody waits for it any more; a task that an operator took back is stopped at WeCom, too."""
        if is_stopped and one.kind == wecom.TASK and one.message_id:
            try:
                await self.account.api.call("externalcontact/cancel_groupmsg_send", {"msgid": one.message_id})
            except ApiError as error:
                log.warning("wecom task not stopped", code=error.code)
        state = wecom.STOPPED if is_stopped else wecom.DONE
        await self.account.write(lambda session: wecom.set_send(session, [one.outbox_id], state=state))

    async def _later(self, one: GroupSend, seconds: float) -> None:
        next_at = self.account.now() + timedelta(seconds=seconds)
        await self.account.write(lambda session: wecom.set_send(session, [one.outbox_id], next_at=next_at))
