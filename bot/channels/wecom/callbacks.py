"""What WeCom calls us with: proven to be from WeCom, and kept before we say that we have it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy.orm import Session

from bot.channels.wecom import envelope
from bot.channels.wecom.account import Account
from bot.channels.wecom.crypto import Forged, Seal
from bot.channels.wecom.envelope import BadEnvelope, Fields, number, word, words
from bot.channels.wecom.ids import CHANNEL, group_id, is_id
from bot.channels.wecom.rereads import CHAT, KF
from bot.events import GroupClosed
from storage import wecom

log = structlog.get_logger()

WINDOW_SECONDS = 300  # a callback older or newer than this is a replay
MAX_NONCES = 50_000

Decide = Callable[[str, str, str], Awaitable[None]]


class Callbacks:
    """Takes callbacks for one account. `wake` is called when something is to be read, `decide` when a staff member
    pressed a button on a card of ours: (task id, button, user id)."""

    def __init__(self, account: Account, seal: Seal, wake: Callable[[], None], decide: Decide) -> None:
        self._account, self._seal, self._wake, self._decide = account, seal, wake, decide
        self._used: OrderedDict[tuple[str, str], None] = OrderedDict()

    def verify(self, query: Mapping[str, str]) -> bytes:
        """What to answer when the address is set up. Raises Forged."""
        return self._open(query, query.get("echostr", ""))

    async def take(self, query: Mapping[str, str], body: bytes) -> None:
        """Keep what a callback says; returns once it is kept. Raises Forged, and whatever kept it from being kept:
        WeCom then sends it again."""
        try:
            outer = envelope.read(body)
            fields = envelope.read(self._open(query, word(outer, "Encrypt")))
        except BadEnvelope as error:
            raise Forged(f"envelope: {error}") from error
        if word(fields, "ToUserName") != self._account.corp_id:
            raise Forged("corp")
        await self._hear(fields)
        self._remember(query)

    def _open(self, query: Mapping[str, str], sealed: str) -> bytes:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12) or not 0 < len(nonce) <= 128:
            raise Forged("query")
        if abs(self._account.now().timestamp() - int(timestamp)) > WINDOW_SECONDS:
            raise Forged("time")
        message = self._seal.open(query.get("msg_signature", ""), timestamp, nonce, sealed)
        if (timestamp, nonce) in self._used:
            raise Forged("replay")
        return message

    def _remember(self, query: Mapping[str, str]) -> None:
        """Only what is kept counts as used: what failed may come again as it was."""
        self._used[(query["timestamp"], query["nonce"])] = None
        while len(self._used) > MAX_NONCES:
            self._used.popitem(last=False)

    async def _hear(self, fields: Fields) -> None:
        self._account.standing.heard_at = self._account.now()
        kind = word(fields, "Event")
        if kind == "change_external_chat" and is_id(word(fields, "ChatId")):
            await self._chat_changed(fields)
        elif kind == "kf_msg_or_event" and is_id(word(fields, "OpenKfId")):
            await self._ask(KF, word(fields, "OpenKfId"), 0.0, token=word(fields, "Token")[:200])
        elif kind == "template_card_event":
            await self._decide(word(fields, "TaskId"), word(fields, "EventKey"), word(fields, "FromUserName"))
        else:
            log.debug("wecom callback of no interest", kind=kind[:40])

    async def _chat_changed(self, fields: Fields) -> None:
        chat_id, change, at = word(fields, "ChatId"), word(fields, "ChangeType"), number(fields, "CreateTime")
        if change == "dismiss":
            own_group = group_id(chat_id)
            await self._account.hear(GroupClosed(
                key=f"{CHANNEL}:{chat_id}:closed", lane=own_group, occurred_at=datetime.fromtimestamp(at, UTC),
                channel=CHANNEL, conversation=own_group, group_id=own_group,
            ))
            return
        what = {"add_member": "joined", "del_member": "left"}.get(word(fields, "UpdateDetail"))
        people = {one: at for one in words(fields, "MemChangeList")[:500] if is_id(one)} if what else {}
        named = {what: people} if what and people else None
        await self._ask(CHAT, chat_id, self._account.api.patience.rereads[0], named=named)

    async def _ask(
        self, kind: str, subject: str, seconds: float, *, token: str = "",
        named: dict[str, dict[str, int]] | None = None,
    ) -> None:
        account, due_at = self._account, self._account.after(seconds)

        def keep(session: Session) -> None:
            wecom.ask_reread(session, account.name, kind, subject, due_at, token=token, named=named)

        await account.write(keep)
        self._wake()
