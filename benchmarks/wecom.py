"""WeCom: what a callback costs, from the sealed bytes to the kept row, and the seal alone beside wechatpy's.

    python -m benchmarks.wecom [--callbacks 2000] [--messages 2000]

CPU time of this process, on SQLite with synchronous=FULL. Callbacks are sealed before and given to the channel as its
address gives them, without a socket, fifty at once; each is kept in a transaction of its own. Messages of 微信客服 come in
pages of 1,000, as JSON, and are kept by the dispatcher: once with no feature listening, which is what the channel and the
road cost, and once with the whole shop, which hands every one of them over to a person.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wechatpy.enterprise.crypto import WeChatCrypto

from bot.channels.wecom import WecomChannel
from bot.channels.wecom.api import Patience
from bot.channels.wecom.crypto import Forged, Seal
from bot.dispatch import Dispatcher
from bot.settings import Settings
from storage import wecom
from storage.inbox import Interaction

CORP, TOKEN, KEY, KF = "ww1a2b3c4d5e6f7a8b", "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wkbench"


def now() -> datetime:
    return datetime.now(UTC)


def xml(number: int) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[change_external_chat]]></Event><ChatId><![CDATA[wr{number % 50}]]></ChatId>"
        f"<ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[add_member]]></UpdateDetail>"
        f"<JoinScene>1</JoinScene><MemChangeCnt>1</MemChangeCnt>"
        f"<MemChangeList><Item><![CDATA[wm{number}]]></Item></MemChangeList></xml>"
    ).encode()


def a_second(work: Callable[[int], object], count: int) -> float:
    """How often a CPU-second."""
    began = time.process_time()
    for number in range(count):
        work(number)
    return count / (time.process_time() - began)


def seals(count: int) -> dict[str, float]:
    """Opening a sealed callback, ours and wechatpy's."""
    ours, theirs = Seal(TOKEN, KEY, CORP), WeChatCrypto(TOKEN, KEY, CORP)
    sealed, signature = ours.close(xml(1), "1409659813", "n")
    asked = {"Encrypt": sealed}
    return {
        "seals opened": a_second(lambda _: ours.open(signature, "1409659813", "n", sealed), count),
        "seals opened by wechatpy": a_second(lambda _: theirs.decrypt_message(asked, signature, "1409659813", "n"), count),
        "forgeries refused": a_second(lambda _: _refused(ours, sealed), count),
    }


def _refused(seal: Seal, sealed: str) -> bool:
    try:
        seal.open("0" * 40, "1409659813", "n", sealed)
    except Forged:
        return True
    raise AssertionError("a forgery was opened")


async def callbacks(channel: WecomChannel, count: int, at_once: int = 50) -> float:
    """Callbacks taken and kept, a CPU-second."""
    seal, at = Seal(TOKEN, KEY, CORP), str(int(time.time()))
    ready = []
    for number in range(count):
        nonce = secrets.token_hex(8)
        sealed, signature = seal.close(xml(number), at, nonce)
        body = f"<xml><ToUserName>{CORP}</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
        ready.append(({"msg_signature": signature, "timestamp": at, "nonce": nonce}, body))
    began = time.process_time()
    for start in range(0, count, at_once):
        taken = await asyncio.gather(*(channel.take(query, body) for query, body in ready[start : start + at_once]))
        assert all(taken)
    return count / (time.process_time() - began)


async def messages(channel: WecomChannel, dispatcher: Dispatcher, count: int) -> float:
    """Messages of 微信客服 read, handled and kept, a CPU-second."""
    rows: list[dict[str, Any]] = [
        {
            "msgid": f"m{number}", "open_kfid": KF, "external_userid": f"wm{number % 200}", "origin": 3,
            "send_time": int(time.time()), "msgtype": "text", "text": {"content": f"好的{number}"},
        }
        for number in range(count)
    ]  # fmt: skip
    pages = {str(start or ""): rows[start : start + 1000] for start in range(0, count, 1000)}

    async def call(path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path != "kf/sync_msg":
            return {"customer_list": []}
        page = json.loads(json.dumps(pages[body.get("cursor", "")]))
        end = int(body.get("cursor") or 0) + len(page)
        return {"msg_list": page, "next_cursor": str(end), "has_more": int(end < count)}

    channel.api.call = call  # type: ignore[method-assign,assignment]
    channel._shared.receive = dispatcher.receive
    began = time.process_time()
    await channel.rereads._read_kf(KF, "")
    return count / (time.process_time() - began)


async def play(folder: Path, given: argparse.Namespace, is_listened_to: bool) -> dict[str, float]:
    from bot.app import Operator, open_database

    settings = Settings(
        home=folder, _env_file=None, demo=False, wecom_corp_id=CORP, wecom_secret="s",
        wecom_callback_token=TOKEN, wecom_callback_key=KEY, wecom_kf_id=KF, wecom_api="http://127.0.0.1:9",
    )
    open_database(settings)
    operator = Operator(settings) if is_listened_to else Operator(settings, features=())
    channel = operator.called["wecom"]
    channel.api.patience = replace(Patience(), tick=3600.0)
    operator.dispatcher.start()
    who = "the whole shop listens" if is_listened_to else "nobody listens"
    found = {} if is_listened_to else {"callbacks kept": await callbacks(channel, given.callbacks)}
    found[f"微信客服 messages, {who}"] = await messages(channel, operator.dispatcher, given.messages)
    await asyncio.to_thread(operator.dispatcher.stop)
    with operator.database.read() as session:
        assert wecom.count_rereads(session, "wecom") == (0 if is_listened_to else 50)
        assert session.query(Interaction).filter_by(kind="MessageReceived").count() == given.messages
    await channel.close()
    operator.database.close()
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--callbacks", type=int, default=2_000)
    asked.add_argument("--messages", type=int, default=2_000)
    given = asked.parse_args()
    found = seals(given.callbacks * 5)
    for is_listened_to in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            found |= asyncio.run(play(Path(folder), given, is_listened_to))
    for name, number in found.items():
        print(f"{name:44} {number:10,.0f} a CPU-second")
    print(json.dumps({name: round(number) for name, number in found.items()}, ensure_ascii=False))


if __name__ == "__main__":
    main()
