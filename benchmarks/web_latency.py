"""How long a message takes from member to member, and a question to its answer, over real WebSockets.

The operator runs as a process of its own with the demo shop's knowledge and SQLite at synchronous=FULL; the members
are sockets of this process. Every frame is counted: each message must reach each member of its group exactly once.

    python benchmarks/web_latency.py --seconds 30 --json result.json
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parent.parent
BAR_MS = 250.0
SETTLE_SECONDS = 4.0  # after the last message, for answers on their way
CHATTER = ["今天好冷啊", "哈哈哈哈", "谁家的猫在楼下", "我到家了", "孩子终于睡了", "明天见", "真不错", "辛苦啦"]


@dataclass(slots=True)
class Tally:
    """What the members saw."""

    sent_at: dict[str, float] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)
    id_of: dict[str, str] = field(default_factory=dict)
    asked_at: dict[str, float] = field(default_factory=dict)
    acked_ms: list[float] = field(default_factory=list)
    heard_ms: list[float] = field(default_factory=list)
    replied_ms: list[float] = field(default_factory=list)
    seen: Counter[tuple[int, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Talker:
    """One member: says what it is told to, and notes when each frame came."""

    def __init__(self, number: int, group: str, tally: Tally) -> None:
        self.number, self.group, self.tally = number, group, tally
        self._count = 0
        self._early: list[tuple[str, float]] = []

    async def join(self, port: int) -> None:
        self.socket: ClientConnection = await connect(
            f"ws://127.0.0.1:{port}/g/{self.group}/socket", compression=None, max_queue=None
        )
        await self.socket.send(orjson.dumps({"type": "hello", "nickname": f"成员{self.number}"}).decode())
        while orjson.loads(await self.socket.recv())["type"] != "welcome":
            continue
        self.listening = asyncio.create_task(self._listen())

    async def say(self, text: str, is_question: bool) -> None:
        self._count += 1
        client_id = f"m{self.number}-{self._count}"
        frame: dict[str, Any] = {"type": "say", "client_id": client_id, "text": text}
        if is_question:
            frame["mentions"] = ["bot"]
        data = orjson.dumps(frame).decode()
        self.tally.group_of[client_id] = self.group
        self.tally.sent_at[client_id] = time.perf_counter()
        await self.socket.send(data)

    async def _listen(self) -> None:
        tally = self.tally
        async for data in self.socket:
            now = time.perf_counter()
            frame = orjson.loads(data)
            if frame["type"] == "ack":
                tally.acked_ms.append((now - tally.sent_at[frame["client_id"]]) * 1000)
                tally.id_of[frame["client_id"]] = frame["id"]
            elif frame["type"] == "error":
                tally.refused[frame["code"]] += 1
            elif frame["type"] == "message":
                tally.seen[(self.number, frame["id"])] += 1
                self._note(frame, now)

    def _note(self, frame: dict[str, Any], now: float) -> None:
        tally = self.tally
        client_id = frame.get("client_id")
        if client_id in tally.sent_at:
            tally.heard_ms.append((now - tally.sent_at[client_id]) * 1000)
            tally.asked_at[frame["id"]] = tally.sent_at[client_id]
        elif frame.get("answers") in tally.asked_at:
            tally.replied_ms.append((now - tally.asked_at[frame["answers"]]) * 1000)


def prepare(home: Path, groups: int) -> list[str]:
    """An operator's database with the demo shop and empty groups; gives questions it knows."""
    from bot.app import open_database
    from bot.settings import Settings
    from content import demo
    from storage import faq
    from storage import groups as group_rows
    from storage.database import Database

    settings = Settings(home=home, demo=False, _env_file=None)  # type: ignore[call-arg]
    open_database(settings)
    database, now = Database(settings.database), datetime.now(UTC)
    with database.write() as session:
        demo.load_shop(session, now)
        group_rows.insert_once(session, [
            {"id": f"web:bench{number}", "channel": "web", "code": f"bench{number}", "name": f"测试{number}群",
             "topic": "", "language": "zh", "speaks": "confident", "is_welcoming": False, "created_at": now}
            for number in range(groups)
        ])
    with database.read() as session:
        questions = [entry.question for entry in faq.find_changed(session, -1)]
    database.close()
    return questions


def serve(home: Path, port: int) -> None:
    """The operator, as `tuan run` runs it."""
    import uvicorn

    from bot.app import Operator, build
    from bot.settings import Settings
    from bot.web.app import SOCKETS

    settings = Settings(home=home, port=port, demo=False, messages_a_minute=6000, _env_file=None)  # type: ignore[call-arg]
    uvicorn.run(build(settings, Operator(settings)), host="127.0.0.1", port=port, log_level="error", **SOCKETS)


async def talk(options: argparse.Namespace, port: int, questions: list[str]) -> Tally:
    """Join everybody, then let each say something at its own even pace."""
    tally, dice = Tally(), random.Random(7)
    talkers = [Talker(number, f"bench{number % options.groups}", tally) for number in range(options.members)]
    for start in range(0, len(talkers), 20):
        await asyncio.gather(*(one.join(port) for one in talkers[start : start + 20]))
    await asyncio.sleep(1)
    begins = time.perf_counter()
    plan = sorted(
        (dice.uniform(0, options.seconds), dice.choice(talkers)) for _ in range(int(options.rate * options.seconds))
    )
    for due, who in plan:
        wait = begins + due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        is_question = dice.random() < options.questions
        text = dice.choice([*questions, "菜单"]) if is_question else dice.choice(CHATTER)
        await who.say(text, is_question)
    await asyncio.sleep(SETTLE_SECONDS)
    await asyncio.gather(*(one.socket.close() for one in talkers))
    await asyncio.gather(*(one.listening for one in talkers))
    return tally


def check(tally: Tally, home: Path, members: int, groups: int) -> dict[str, int]:
    """Compare what the members saw with what the database holds."""
    import sqlite3

    audience = {f"web:bench{number}": [one for one in range(members) if one % groups == number] for number in range(groups)}
    with sqlite3.connect(home / "tuan.db") as database:
        kept = database.execute("select 'i' || id, conversation from inbox where kind = 'MessageReceived'").fetchall()
        said = database.execute("select 'o' || id, conversation from outbox where state = 'sent'").fetchall()
        answered = database.execute("select count(*) from inbox where outcome = 'answered'").fetchone()[0]
    lost = doubled = 0
    for shown_id, conversation in kept + said:
        for member in audience.get(conversation, ()):
            times = tally.seen[(member, shown_id)]
            lost += times == 0
            doubled += times > 1
    unkept = set(tally.id_of.values()) - {shown_id for shown_id, _ in kept}
    return {
        "messages": len(kept), "answers": answered, "said": len(said), "acked": len(tally.id_of),
        "acked_not_kept": len(unkept), "not_acked": len(tally.sent_at) - len(tally.id_of),
        "frames": sum(tally.seen.values()), "frames_lost": lost, "frames_doubled": doubled,
        "refused": sum(tally.refused.values()),
    }


def spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values) or [float("nan")]
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tuan-bench-") as folder:
        home = Path(folder)
        questions = prepare(home, options.groups)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        server = subprocess.Popen([sys.executable, __file__, "--serve", str(home), str(port)], env=environment)
        try:
            _wait_for(port)
            before = os.times()
            tally = asyncio.run(talk(options, port, questions))
            after = os.times()
            server_seconds, memory = _usage(server.pid)
        finally:
            server.terminate()
            server.wait(20)
        counted = check(tally, home, options.members, options.groups)
    return {
        "members": options.members, "groups": options.groups, "rate": options.rate, "seconds": options.seconds,
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "member_to_member_ms": spread(tally.heard_ms), "ack_ms": spread(tally.acked_ms),
        "question_to_reply_ms": spread(tally.replied_ms), **counted,
        "server_cpu_share": round(server_seconds / options.seconds, 2), "server_rss_mb": memory,
        "client_cpu_share": round((after.user - before.user + after.system - before.system) / options.seconds, 2),
    }


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def _usage(pid: int) -> tuple[float, int]:
    """CPU seconds and resident megabytes of the server, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def print_table(result: dict[str, Any]) -> None:
    table = Table(title=f"{result['members']} members, {result['groups']} groups, {result['rate']} messages/s, "
                        f"{result['seconds']} s ({result['machine']})")
    for name in ("ms", "p50", "p90", "p99", "max"):
        table.add_column(name, justify="left" if name == "ms" else "right")
    for key, words in (("member_to_member_ms", "member to member"), ("ack_ms", "said to confirmed"),
                       ("question_to_reply_ms", "question to reply")):
        table.add_row(words, *(f"{value:.1f}" for value in result[key].values()))
    console = Console(stderr=True)
    console.print(table)
    console.print({name: value for name, value in result.items() if not isinstance(value, dict | str)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--groups", type=int, default=10)
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second in all")
    parser.add_argument("--questions", type=float, default=0.1, help="share of messages that ask us something")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path, help="write the result here as well as to standard output")
    parser.add_argument("--serve", nargs=2, metavar=("HOME", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), int(options.serve[1]))
        return 0
    result = run(options)
    worst = max(result["member_to_member_ms"]["p99"], result["question_to_reply_ms"]["p99"])
    is_whole = not (result["frames_lost"] or result["frames_doubled"] or result["not_acked"] or result["acked_not_kept"])
    result["is_passed"] = bool(is_whole and worst < BAR_MS)
    print_table(result)
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return 0 if result["is_passed"] else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
