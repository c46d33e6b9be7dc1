"""Redirects of referral links: how many a CPU-second with every visit kept, how late at half load, and what a stop loses.

    python -m benchmarks.redirects [--seconds 8] [--connections 32] [--links 2000] [--database-url postgresql://…] [--json]

One server process, the whole application. wrk opens links at random with visitors' cookies, three in ten visitors being new, so
that nearly every request is a row of its own and a touch. CPU time is the server's process, all threads, from /proc, until
the last visit is written. At half load each connection waits between requests. For the stops the process is told to end
(SIGTERM) or killed (SIGKILL) under load; what was answered and is not in the database is lost. Needs wrk (Debian: wrk).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from benchmarks.drop_page import cpu_seconds
from bot.app import Operator, build, open_database
from bot.settings import Settings
from bot.visitor_ids import VisitorIds
from storage import clicks, groups, members, referral_links
from storage.database import Database

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.49"
VISITORS, NEW_IN_TEN, ADDRESSES = 20_000, 3, 60_000
SCRIPT = """
local codes, cookies, pause = {}, {}, PAUSE
for line in io.lines("CODES") do codes[#codes + 1] = line end
for line in io.lines("COOKIES") do cookies[#cookies + 1] = line end
math.randomseed(SEED)
function delay() return pause end
function request()
  local headers = { ["User-Agent"] = "AGENT", ["Accept-Language"] = "zh-CN" }
  local n = math.random(0, ADDRESSES)
  headers["X-Forwarded-For"] = "10." .. (n % 7) .. "." .. (math.floor(n / 7) % 250) .. "." .. (math.floor(n / 1750) % 250)
  if math.random(10) > NEW then headers["Cookie"] = cookies[math.random(#cookies)] end
  return wrk.format("GET", "/r/" .. codes[math.random(#codes)], headers)
end
"""


def fill(settings: Settings, count: int) -> list[str]:
    """Members of one group, each with a link; gives the codes."""
    database, now = Database(settings.database), datetime.now(UTC)
    row = {
        "id": "web:garden", "channel": "web", "code": "garden", "name": "阳光花园邻里团", "topic": "", "language": "zh",
        "speaks": groups.SPEAK_OFF, "is_welcoming": False, "created_at": now,
    }
    people = [(f"web:m_{one}", "web", f"成员{one}") for one in range(count)]
    with database.write() as session:
        groups.insert_once(session, [row])
        members.keep(session, people, now)
        codes = [
            referral_links.ensure(session, member_id, referral_links.GROUP, "web:garden", now).code for member_id, _, _ in people
        ]
    database.close()
    return codes


def serve(settings: Settings) -> None:
    uvicorn.run(
        build(settings, Operator(settings)), host="127.0.0.1", port=settings.port, log_level="critical", access_log=False,
        loop="uvloop", http="httptools", timeout_graceful_shutdown=3,
    )


class Run:
    """One server with its links, and wrk against it."""

    def __init__(self, home: Path, given: argparse.Namespace, database_url: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.home, self.given = home, given
        self.settings = Settings(home=home, port=port, demo=False, database_url=database_url, _env_file=None)
        open_database(self.settings)
        codes = fill(self.settings, given.links)
        ids = VisitorIds(self.settings.secret(), False)
        (home / "codes").write_text("\n".join(codes) + "\n", "ascii")
        cookies = (ids.cookie(ids.new()).split(b";")[0].decode() for _ in range(VISITORS))
        (home / "cookies").write_text("\n".join(cookies) + "\n", "ascii")
        self.process = multiprocessing.get_context("spawn").Process(target=serve, args=(self.settings,))
        self.process.start()
        self.asked = 0
        self._warm(codes)

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    def _warm(self, codes: list[str]) -> None:
        """Every link comes into memory, as on a busy day."""
        until = time.monotonic() + 60
        with httpx.Client(base_url=f"http://127.0.0.1:{self.settings.port}", headers={"User-Agent": PHONE}) as client:
            while True:
                try:
                    client.get("/r/about")
                    break
                except httpx.TransportError:
                    assert time.monotonic() < until, "the server did not start"
                    time.sleep(0.1)
            for number, code in enumerate(codes):
                far = {"X-Forwarded-For": f"10.9.{number // 250}.{number % 250}"}
                client.cookies.clear()
                assert client.get(f"/r/{code}", headers=far).status_code == 302
                self.asked += 1

    def wrk(self, seconds: int, connections: int, pause_ms: int = 0) -> subprocess.Popen[str]:
        script = SCRIPT
        values = {
            "PAUSE": pause_ms, "CODES": self.home / "codes", "COOKIES": self.home / "cookies", "AGENT": PHONE, "NEW": NEW_IN_TEN,
            "ADDRESSES": ADDRESSES, "SEED": random.randrange(1_000_000),
        }
        for name, value in values.items():
            script = re.sub(rf"\b{name}\b", str(value), script)
        (self.home / "load.lua").write_text(script, "utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(self.home / "load.lua")]
        return subprocess.Popen([*command, f"http://127.0.0.1:{self.settings.port}"], stdout=subprocess.PIPE, text=True)

    def answered(self, load: subprocess.Popen[str]) -> tuple[int, float]:
        """Answers wrk had, and the latency of the slowest hundredth in milliseconds."""
        told = load.communicate()[0]
        count, late = re.search(r"(\d+) requests in", told), re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
        assert count is not None, told
        assert late is not None, told
        assert "Non-2xx" not in told, told
        self.asked += int(count[1])
        return int(count[1]), float(late[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[late[2]]

    def kept(self) -> int:
        database = Database(self.settings.database)
        with database.read() as session:
            count = clicks.count_all(session)
        database.close()
        return count

    def settle(self) -> int:
        """Wait until all that was answered is kept, or nothing comes any more; gives what is kept."""
        until = time.monotonic() + 30
        while (now := self.kept()) < self.asked and time.monotonic() < until:
            time.sleep(0.2)
        return now

    def speed(self) -> dict[str, float]:
        """Full load, then half of it."""
        given = self.given
        spent, began = cpu_seconds(self.pid), time.monotonic()
        count, p99 = self.answered(self.wrk(given.seconds, given.connections))
        took = time.monotonic() - began
        kept = self.settle()
        spent = cpu_seconds(self.pid) - spent
        rate = count / took
        pause = max(1, round(given.connections * 1000 / (rate / 2)))
        half, late = self.answered(self.wrk(given.seconds, given.connections, pause))
        return {
            "a_second": rate, "a_cpu_second": count / spent, "p99_ms": p99, "half_a_second": half / given.seconds,
            "half_p99_ms": late, "asked": self.asked - half, "kept": kept, "kept_after_half": self.settle(), "asked_all": self.asked,
        }

    def stop(self, number: int) -> dict[str, float]:
        """End the process under load, and count what was answered and not kept."""
        before = self.asked
        load = self.wrk(4, self.given.connections)
        time.sleep(2.5)
        assert self.process.pid is not None
        (self.process.terminate if number == signal.SIGTERM else self.process.kill)()
        self.process.join(60)
        self.answered(load)
        kept, rate = self.kept(), (self.asked - before) / 2.5
        lost = max(0, self.asked - kept)
        return {"answered": self.asked - before, "kept": kept - before, "lost": lost, "lost_ms": lost / rate * 1000}

    def end(self) -> None:
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--links", type=int, default=2_000)
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; the stops are measured on SQLite")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.exit(2, "wrk is not installed (Debian: apt-get install wrk)\n")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, what in (("speed", None), ("SIGTERM", signal.SIGTERM), ("SIGKILL", signal.SIGKILL)):
            run = Run(Path(folder) / name, given, given.database_url if what is None else "")
            try:
                found[name] = run.speed() if what is None else run.stop(what)
            finally:
                run.end()
    if given.json:
        print(json.dumps(found, indent=2))
        return
    speed = found["speed"]
    print(f"{given.links} links, {given.connections} connections, {given.seconds} s, one process")
    print(f"{'full load':<12} {speed['a_cpu_second']:>7,.0f} a CPU-second {speed['a_second']:>7,.0f} a second  p99 {speed['p99_ms']:.1f} ms")
    print(f"{'half load':<12} {speed['half_a_second']:>7,.0f} a second  p99 {speed['half_p99_ms']:.1f} ms")
    print(f"{'kept':<12} {speed['kept_after_half']:>7,} of {speed['asked_all']:,} answered")
    for name in ("SIGTERM", "SIGKILL"):
        one = found[name]
        print(f"{name:<12} {one['answered']:>7,} answered, {one['lost']:,} lost ({one['lost_ms']:.0f} ms of the load)")


if __name__ == "__main__":
    main()
