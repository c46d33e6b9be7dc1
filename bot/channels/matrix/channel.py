"""One login on Matrix as a channel: connects, hears until it is stopped, and says what is in the outbox."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from bot.channels.base import Allowance, Capabilities, Hears, Link, Outgoing, Receive, Says, Standing, TryAgain, insist
from bot.channels.matrix.hearing import Hearing
from bot.channels.matrix.reading import Reader
from bot.channels.matrix.rooms import CHANNEL, Notebook, Rooms
from bot.channels.matrix.saying import Saying
from bot.channels.matrix.wire import Denied, Homeserver, Limited, Unreachable, text_of
from bot.channels.matrix.writing import MAX_TEXT
from bot.channels.pictures import Pictures
from bot.events import HearingBack, HearingLost
from bot.settings import Settings

log = structlog.get_logger()

POLL_SECONDS, ANSWER_SECONDS = 8.0, 13.0  # a homeserver that froze is noticed by the missing answer
CATCH_UP_SECONDS = 120.0  # the first answer after a while may be long
BACK_OFF = (0.5, 1.0, 2.0, 4.0)
REFUSED_AFTER = 300.0
MAX_SHOWN = 5


class MatrixChannel:
    """Rooms of one Matrix account. The homeserver keeps what is said while we are away, and we read it afterwards."""

    name = CHANNEL
    capabilities = Capabilities(
        hears=frozenset({
            Hears.GROUP_TEXT, Hears.PRIVATE_TEXT, Hears.JOIN, Hears.JOIN_INVITER, Hears.LEAVE, Hears.TOPIC, Hears.PICTURE,
        }),
        says=frozenset({Says.TEXT, Says.MENTION, Says.PICTURE, Says.CARD}),
        max_text=MAX_TEXT, is_idempotent=True,
        allowances=(Allowance("account", 60, 120), Allowance("group", 60, 30)),
    )

    def __init__(self, account: str, settings: Settings, now: Callable[[], datetime]) -> None:
        self.account, self._settings, self._now = account, settings, now
        self.standing = Standing()
        self._login = f"{settings.matrix_homeserver} {settings.matrix_user}"
        self._notebook = Notebook(settings.home, account)
        self._pictures = Pictures(settings.home)
        self._rooms = Rooms()
        self._homeserver = Homeserver(settings.matrix_homeserver)
        self._saying: Saying | None = None
        self._lost_at: datetime | None = None
        self._is_lost_told, self._is_place_lost = False, False
        self._task: asyncio.Task[None] | None = None

    async def start(self, receive: Receive) -> None:
        """Connect and hear, in the background: a homeserver that is down must not hold up the shop."""
        self._homeserver = Homeserver(self._settings.matrix_homeserver)
        self._rooms = self._notebook.open(self._login)
        reader = Reader(
            self._rooms, self._homeserver, self._pictures, self._now, self.account, self._settings.bot_name
        )
        self._saying = Saying(self._homeserver, self._rooms, self._pictures, self._settings.public_url)
        self._stand(Link.CONNECTING)
        hearing = Hearing(self._homeserver, self._rooms, reader, receive)
        self._task = asyncio.create_task(self._run(hearing), name=f"matrix {self.account}")

    async def stop(self) -> None:
        """Hear nothing more. What was on its way is heard again at the next start, and known by its key."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        await self._homeserver.close()
        self.standing = Standing(login=self.standing.login)

    async def send(self, message: Outgoing) -> str | None:
        """Say it; its key is the transaction, so that saying it again after a crash shows it once."""
        insist(self.capabilities, message)
        if self._saying is None:
            raise TryAgain("not started")
        return await self._saying.send(message)

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        """The room shows it already."""

    async def _run(self, hearing: Hearing) -> None:
        failures = 0
        is_late = True
        while True:
            try:
                if not self._homeserver.is_known or not self._rooms.user:
                    await self._log_in()
                await self._round(hearing, is_late)
                failures, is_late = 0, False
                continue
            except Limited as limit:
                wait = limit.after
            except Denied as no:
                wait = self._refused(no)
            except Unreachable as trouble:
                wait = self._wait(failures)
                await self._lost(hearing, str(trouble), failures)
            except Exception:
                log.exception("matrix failed", account=self.account)
                wait = self._wait(failures)
                await self._lost(hearing, "an error of ours; it is in the program's log", failures)
            failures, is_late = failures + 1, True
            if self.standing.link is Link.REFUSED:
                await self._lost(hearing, self.standing.detail, failures)
            await asyncio.sleep(wait)

    @staticmethod
    def _wait(failures: int) -> float:
        return BACK_OFF[min(failures, len(BACK_OFF) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311

    async def _log_in(self) -> None:
        settings = self._settings
        login = await self._homeserver.log_in(
            settings.matrix_user, settings.matrix_password.get_secret_value(), settings.matrix_token.get_secret_value(),
            self._rooms.device,
        )
        self._rooms.user, self._rooms.device = login.user, login.device
        self.standing.login = login.user
        # A new device has its own transactions: whoever logs in by password stays the device they were.
        await self._notebook.keep(self._login, self._rooms)

    async def _round(self, hearing: Hearing, is_late: bool) -> None:
        is_first = not self._rooms.since
        wait, seconds = (0.0, CATCH_UP_SECONDS) if is_late or is_first else (POLL_SECONDS, ANSWER_SECONDS)
        try:
            answer = await self._homeserver.sync(self._rooms.since, wait, seconds)
        except Denied as no:
            if no.status != 400 or is_first:
                raise
            self._forget_place(no)
            return
        is_news = await hearing.take(answer)
        self._rooms.since = text_of(answer, "next_batch") or self._rooms.since
        if is_news or is_first:
            await self._notebook.keep(self._login, self._rooms)
            self.standing.heard_at = self._now()
        await self._back(hearing)
        await hearing.accept_invitations()

    def _forget_place(self, no: Denied) -> None:
        """The homeserver does not know our place in its stream (an old copy of it was brought back): we begin anew."""
        log.error("matrix place lost", account=self.account, place=self._rooms.since, reason=str(no))
        self._rooms.since, self._is_place_lost = "", True
        self._lost_at = self._lost_at or self.standing.heard_at or self._now()

    def _refused(self, no: Denied) -> float:
        """A login that is refused is a person's business."""
        log.warning("matrix refused", account=self.account, reason=str(no))
        if no.is_about_login or not self._rooms.user:
            self._homeserver.forget_token()
            self._stand(Link.REFUSED, f"登录被拒绝 / the login was refused: {no}")
            return REFUSED_AFTER if not self._rooms.user or self._settings.matrix_token.get_secret_value() else 1.0
        self._stand(Link.DEAF, str(no))
        return BACK_OFF[-1]

    async def _lost(self, hearing: Hearing, why: str, failures: int) -> None:
        """One failure alone is nothing: the connection may have been closed by the way."""
        if self._lost_at is None:
            self._lost_at = self._now()
        if self.standing.link is not Link.REFUSED:
            self._stand(Link.DEAF, why)
        if failures == 0 or self._is_lost_told:
            return
        self._is_lost_told = True
        await hearing.keep([HearingLost(
            key=f"{self.account}:lost:{self._lost_at.isoformat()}", occurred_at=self._lost_at, account=self.account,
            text=why[:300], lane=f"account:{self.account}", channel=CHANNEL, conversation=f"account:{self.account}",
        )])

    async def _back(self, hearing: Hearing) -> None:
        if (self._is_lost_told or self._is_place_lost) and self._lost_at is not None:
            cut = "、".join(hearing.cut[:MAX_SHOWN])
            words = f"some of what was said is missing in: {cut}" if cut else "nothing is missing: the homeserver kept it"
            if self._is_place_lost:
                words = "what was said meanwhile is missing: the homeserver did not know any more where we were"
            await hearing.keep([HearingBack(
                key=f"{self.account}:back:{self._lost_at.isoformat()}", occurred_at=self._now(), account=self.account,
                lost_at=self._lost_at.isoformat(), text=words[:300], lane=f"account:{self.account}", channel=CHANNEL,
                conversation=f"account:{self.account}",
            )])
        self._lost_at, self._is_lost_told, self._is_place_lost = None, False, False
        hearing.cut.clear()
        deaf = [room.title for room in self._rooms.known.values() if room.is_encrypted and room.is_joined]
        detail = ""
        if deaf:
            shown = "、".join(deaf[:MAX_SHOWN]) + ("…" if len(deaf) > MAX_SHOWN else "")
            detail = f"加密的房间听不见 / encrypted rooms cannot be heard: {shown}"
        self._stand(Link.CONNECTED, detail)

    def _stand(self, link: Link, detail: str = "") -> None:
        if self.standing.link is not link:
            self.standing.link, self.standing.since = link, self._now()
        self.standing.detail = detail
