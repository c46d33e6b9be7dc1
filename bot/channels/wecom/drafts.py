"""Drafts: WeCom lets no program speak into a customer group at once, so a staff member gets the words to copy.

They get the bare words first, to copy with one touch, then a card with two buttons; pressing one settles the row.
"""

from __future__ import annotations

from typing import Any

import structlog

from bot.channels.base import Handed, NeverSaid, Outgoing, TryAgain
from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import WecomError
from bot.channels.wecom.ids import plain
from bot.channels.wecom.sends import Sends
from bot.channels.wecom.staff import Staff
from storage import groups, members, outbox, wecom

log = structlog.get_logger()

PREFIX = "tuan-draft-"


class Drafts:
    """Hands answers to staff members."""

    def __init__(self, account: Account, staff: Staff, sends: Sends) -> None:
        self.account, self._staff, self._sends = account, staff, sends

    async def hand(self, message: Outgoing) -> None:
        """Give the words to the group's owner; always ends in Handed, TryAgain or NeverSaid."""
        account = self.account
        group_id = message.here.group_id or ""
        try:
            owner = await self._sends.owner(plain(group_id))
        except WecomError as error:
            log.warning("wecom owner unknown", error=str(error))
            owner = ""
        name, mention = await account.read(lambda session: (
            groups.find_names(session, [group_id]).get(group_id, ""), _mentioned(session, message)
        ))
        values = {"account": account.name, "kind": wecom.DRAFT, "chat_id": plain(group_id), "sender": owner}
        await account.write(lambda session: wecom.begin_send(session, message.id, values, account.now()))
        words = f"@{mention} {message.text}" if mention else message.text
        title = f"复制上面这段，发到「{name}」"
        about = "Copy the words above into the group, then press a button."
        is_told = await self._staff.tell(owner, words)
        if not is_told:
            raise (TryAgain if owner or account.staff else NeverSaid)("没有人可以代发 · nobody could be asked to send it")
        await self._staff.ask(owner, self.task_id(message.id), title, about)
        next_at = account.after(account.api.patience.receipt_most)
        await account.write(lambda session: wecom.set_send(
            session, [message.id], state=wecom.WAITING, asked_at=account.now(), next_at=next_at
        ))
        raise Handed(f"草稿已发给 {owner or '工作人员'}，等他发到群里 · drafted to {owner or 'staff'}, who sends it")

    def task_id(self, row_id: int) -> str:
        """The card's id; it proves that the card was ours."""
        return f"{PREFIX}{row_id}-{self.account.mark_of('draft', str(row_id))}"

    async def decide(self, task_id: str, button: str, user_id: str) -> None:
        """A staff member pressed a button: the row is sent, or will not be. Pressing twice changes nothing."""
        number = task_id.removeprefix(PREFIX).partition("-")[0]
        if not (number.isascii() and number.isdigit()) or task_id != self.task_id(int(number)):
            log.warning("wecom card unknown")
            return
        row_id, now = int(number), self.account.now()

        def settle(session: Any) -> None:
            if not outbox.take_back(session, row_id, (outbox.HELD,)):
                return
            if button == "sent":
                outbox.mark_sent(session, [(row_id, None)], now)
            else:
                outbox.mark(session, row_id, state=outbox.SUPPRESSED, reason=f"{user_id}: 不发了 · skipped"[:300])
            wecom.set_send(session, [row_id], state=wecom.DONE)

        await self.account.write(settle)

    async def offer(self, message: Outgoing, reason: str) -> None:
        """What 微信客服 would not say for us: the staff gets the words and why."""
        member_id = message.here.member_id or ""
        name = await self.account.read(lambda session: members.find_names(session, [member_id]).get(member_id, ""))
        await self._staff.tell("", f"没能发给客户「{name}」：{reason}\nNot said. 原文 · the words:\n————\n{message.text}")


def _mentioned(session: Any, message: Outgoing) -> str:
    member_id = message.body.get("mention")
    return members.find_names(session, [member_id]).get(member_id, "") if isinstance(member_id, str) else ""
