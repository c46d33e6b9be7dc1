"""A shop connected to the WeCom server of the tests: the real operator behind a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn

from bot.app import Operator, build, wall_clock
from bot.channels.wecom import WecomChannel
from bot.channels.wecom.api import Patience
from bot.outbox import ANSWER, Conversation, Outbox, Said
from handlers import community, service
from storage import groups, outbox
from storage.outbox import Saying
from tests.channels.wecom_server import CORP_ID, KEY, SECRET, TOKEN, WecomServer
from tests.web.place import PATIENCE, Place

KF = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q"
CALM = (community.routes, service.routes)  # nobody answers by themselves
QUICK = Patience(
    timeout=5.0, limited=0.3, limited_most=1.2, busy=(0.02, 0.05, 0.1), rereads=(0.05, 0.15, 0.3, 0.5), tick=0.05,
    gather=0.05, receipt=0.1, receipt_most=0.2, remind=(0.3, 0.6, 0.9), give_up=3600.0,
)


class Shop(Place):
    """One shop with its server; `patience` is that of its WeCom channel, `ahead` moves its clock."""

    def __init__(self, home: Path, server: WecomServer, database_url: str = "", **options: Any) -> None:
        self.peer, self.patience, self.ahead = server, QUICK, timedelta(0)
        self.features = options.pop("features", CALM)
        values = {
            "wecom_corp_id": CORP_ID, "wecom_secret": SECRET, "wecom_agent_id": 1000002, "wecom_staff": "aming",
            "wecom_callback_token": TOKEN, "wecom_callback_key": KEY, "wecom_kf_id": KF, "wecom_api": server.address,
        }
        super().__init__(home, database_url, **(values | options))

    def open(self) -> None:
        self.operator = Operator(self.settings, now=lambda: wall_clock() + self.ahead, features=self.features)
        self.channel.api.patience = self.patience
        self.peer.callback_url = f"http://{self.host}/wecom/wecom/callback"
        config = uvicorn.Config(
            build(self.settings, self.operator), host="127.0.0.1", port=self.settings.port, log_level="error",
            timeout_graceful_shutdown=3,
        )
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        self.until(lambda: self.server.started)

    @property
    def channel(self) -> WecomChannel:
        return self.operator.called["wecom"]

    def until(self, is_so: Callable[[], Any]) -> Any:
        """Wait until something is so; gives what it is."""
        end = time.monotonic() + PATIENCE
        while not (found := is_so()):
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.01)
        return found

    def calm(self) -> None:
        """Wait until nothing is left to be read."""
        from storage import wecom

        def is_calm() -> bool:
            with self.database.read() as session:
                return wecom.count_rereads(session, "wecom") == 0

        self.until(lambda: self.channel.standing.link == "connected")
        self.until(is_calm)

    def say(self, conversation: Conversation, said: Said, priority: int = ANSWER) -> int:
        """Put something into the outbox as a feature would; gives the row's id."""
        box = Outbox(self.operator.parts.words, self.operator.now(), feature="test")
        box.put(conversation, said, priority=priority)
        with self.database.write() as session:
            outbox.insert_all(session, box.rows)
            row_id = session.query(Saying.id).order_by(Saying.id.desc()).limit(1).scalar()
        self.in_loop(self.operator.sender.wake)
        return int(row_id)

    def row(self, row_id: int) -> Saying:
        with self.database.read() as session:
            return outbox.get(session, row_id)

    def becomes(self, row_id: int, state: str) -> Saying:
        self.until(lambda: self.row(row_id).state == state)
        return self.row(row_id)

    def here(self, chat_id: str) -> list[str]:
        with self.database.read() as session:
            return [row.name for row in groups.find_members(session, f"wecom:{chat_id}")]

    def group_of(self, chat_id: str) -> Conversation:
        own = f"wecom:{chat_id}"
        return Conversation(own, "wecom", own)

    def customer(self, user: str) -> Conversation:
        return Conversation(f"wecom:kf:{KF}:{user}", "wecom", None, f"wecom:{user}")


def patient(**more: Any) -> Patience:
    return replace(QUICK, **more)
