"""The WeCom channel: customer groups and 微信客服 of one corp, as one account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.channels.base import (
    Allowance,
    Capabilities,
    Handed,
    Hears,
    Link,
    NeverSaid,
    Outgoing,
    Receive,
    Says,
    Standing,
    insist,
)
from bot.channels.wecom.account import Account, split_ids
from bot.channels.wecom.api import Api, Patience
from bot.channels.wecom.callbacks import Callbacks
from bot.channels.wecom.crypto import BadKey, Forged, Seal
from bot.channels.wecom.drafts import Drafts
from bot.channels.wecom.errors import WecomError
from bot.channels.wecom.ids import CHANNEL, kf_parts, plain
from bot.channels.wecom.join_ways import JoinWays
from bot.channels.wecom.kf import Kf
from bot.channels.wecom.kf_says import KfVoice, is_for_operator
from bot.channels.wecom.media import Media
from bot.channels.wecom.receipts import Receipts
from bot.channels.wecom.rereads import Rereads
from bot.channels.wecom.sends import Sends
from bot.channels.wecom.staff import Staff
from bot.channels.wecom.welcomes import Welcomes
from bot.outbox import POST
from bot.settings import Settings
from storage.database import Database

log = structlog.get_logger()

DAY = 86_400
WELCOME = "shop"  # the name of the one welcome the console sets
MAX_TEXT = 660  # Chinese characters in 2,048 bytes
MAX_POST = 1_300  # in 4,000 bytes


class WecomChannel:
    """Hears joins, leaves and names of customer groups, and everything said to 微信客服. Says everything to 微信客服 by
    itself; posts to groups through a staff member's 群发助手, answers to groups as drafts for a staff member."""

    name = CHANNEL
    capabilities = Capabilities(
        hears=frozenset({
            Hears.PRIVATE_TEXT, Hears.JOIN, Hears.JOIN_INVITER, Hears.LEAVE, Hears.TOPIC,
        }),
        says=frozenset({Says.TEXT, Says.PICTURE, Says.CARD, Says.MINI_PROGRAM, Says.FILE}),
        max_text=MAX_TEXT, is_idempotent=True,
        # A group receives at most as many group sends as the month has days, and one a day where the shop says so.
        allowances=(Allowance("group", DAY, 1), Allowance("group", 30 * DAY, 28)),
    )

    def __init__(
        self, account: str, settings: Settings, now: Callable[[], datetime], database: Database,
        patience: Patience | None = None,
    ) -> None:
        self.account, self.standing = account, Standing()
        api = Api(
            settings.wecom_api.rstrip("/"), settings.wecom_corp_id, settings.wecom_secret.get_secret_value(),
            patience or Patience(),
        )
        self._shared = Account(
            account, settings.wecom_corp_id, settings.wecom_agent_id, split_ids(settings.wecom_kf_id),
            split_ids(settings.wecom_staff), settings.public_url, settings.secret(), api, database, now, self.standing,
        )
        self._media = Media(api, settings.public_url)
        staff = Staff(self._shared)
        self._voice = KfVoice(self._shared, self._media)
        self.sends = Sends(self._shared, self._media, staff)
        self.drafts = Drafts(self._shared, staff, self.sends)
        self.receipts = Receipts(self._shared, self.sends)
        self.rereads = Rereads(self._shared, Kf(self._shared).read)
        self.join_ways, self.welcomes = JoinWays(self._shared), Welcomes(self._shared)
        self._callbacks, self._wrong_key = self._door(settings)
        self._loops: list[asyncio.Task[None]] = []

    def _door(self, settings: Settings) -> tuple[Callbacks | None, str]:
        """What takes callbacks; or none, and what is wrong with the key."""
        token, key = settings.wecom_callback_token.get_secret_value(), settings.wecom_callback_key.get_secret_value()
        try:
            seal = Seal(token, key, settings.wecom_corp_id)
        except BadKey as error:
            return None, str(error)
        return Callbacks(self._shared, seal, self.rereads.wake, self.drafts.decide), ""

    @property
    def api(self) -> Api:
        return self._shared.api

    async def start(self, receive: Receive) -> None:
        """Begin to read, and to look after what waits; what came while we were away is read first."""
        self._shared.receive = receive
        self._shared.stands(Link.CONNECTING)
        if self._callbacks is None:
            log.error("wecom cannot hear", account=self.account, why=self._wrong_key)
            self._shared.stands(Link.REFUSED, self._wrong_key)
            return
        self._loops = [
            asyncio.create_task(self.rereads.run(), name=f"{self.account} rereads"),
            asyncio.create_task(self.receipts.run(), name=f"{self.account} receipts"),
        ]

    async def stop(self) -> None:
        """Stop hearing. Callbacks that come now are refused with an error, and WeCom sends them again."""
        self._shared.receive = None
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._shared.stands(Link.STOPPED)

    async def close(self) -> None:
        """Let go of the connections; the channel cannot be started again."""
        await self.api.close()
        await self._media.close()

    async def send(self, message: Outgoing) -> str | None:
        is_post = message.here.group_id is not None and message.priority >= POST
        insist(POSTING if is_post else self.capabilities, message)
        if kf_parts(message.here.id) is not None:
            return await self._say_privately(message)
        if message.here.group_id is None:
            raise NeverSaid("企业微信里只能发到客户群和微信客服 · only customer groups and 微信客服 can be written to")
        if is_post:
            await self.sends.hand(message)
        else:
            await self.drafts.hand(message)
        raise Handed("等工作人员确认 · waits for a staff member")

    async def _say_privately(self, message: Outgoing) -> str:
        try:
            return await self._voice.say(message)
        except NeverSaid as refusal:
            if is_for_operator(refusal):
                await self.drafts.offer(message, str(refusal))
            raise

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        """Nothing more to do: WeCom shows what was said."""

    def verify(self, query: Mapping[str, str]) -> bytes | None:
        """What to answer when WeCom checks the callback's address; None when it was not WeCom."""
        try:
            return self._callbacks.verify(query) if self._callbacks is not None else None
        except Forged as error:
            log.warning("wecom callback refused", account=self.account, why=str(error))
            return None

    async def take(self, query: Mapping[str, str], body: bytes) -> bool:
        """Take a callback; True once it is kept, False when it was not from WeCom. Raises when it could not be kept."""
        if self._callbacks is None:
            return False
        try:
            await self._callbacks.take(query, body)
        except Forged as error:
            log.warning("wecom callback refused", account=self.account, why=str(error))
            return False
        return True

    async def invite(self, state: str, group_ids: Sequence[str], name: str) -> str:
        """Make a code to join these groups by, or change where it leads: empty, or what is wrong in plain words."""
        try:
            await self.join_ways.make(state, [plain(one) for one in group_ids], remark=name)
        except (WecomError, ValueError) as error:
            return str(error)
        return ""

    async def greet(self, text: str, title: str, url: str) -> str:
        """Set the welcome that the owners of groups can choose: empty, or what is wrong in plain words."""
        try:
            await self.welcomes.put(WELCOME, text, title=title, url=url)
        except WecomError as error:
            return str(error)
        return ""

    async def check(self) -> str:
        """Does the account work: empty, or what is wrong in plain words."""
        try:
            await self.api.token()
        except WecomError as error:
            self._shared.note(error)
            return str(error)
        return ""


POSTING = replace(WecomChannel.capabilities, max_text=MAX_POST)
