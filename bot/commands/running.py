"""`tuan run`: the whole operator in one process, ready in moments, ended gently."""

from __future__ import annotations

import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.opening import Home, load_settings
from bot.commands.speech import say, stop, tell

if TYPE_CHECKING:
    from bot.settings import Settings

DRAIN_SECONDS = 20  # for open requests; what is on the lanes is handled after that, however long it takes


@dataclass(frozen=True, slots=True)
class Start:
    """What to tell once the operator answers: the first admin's password, a group to talk in."""

    password: str | None
    group: str | None


def run(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help=tell("监听地址", "address to listen on"))] = None,
    port: Annotated[int | None, typer.Option(help=tell("端口，0 为任选", "port; 0 takes a free one"))] = None,
) -> None:
    """Start the operator: the group in the browser, the console, everything."""
    settings = load_settings(home, host=host, port=port)
    listener = listen(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    from bot import logs

    logs.configure(as_json=settings.log_json)
    from storage.database import Database

    settings.home.mkdir(parents=True, exist_ok=True)
    guard = Database(settings.database)
    guard.claim()
    try:
        _serve(settings, listener, prepare(settings))
    finally:
        guard.close()
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is begun, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Without this the port looks free to a second process until we serve.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        stop(
            f"不能在 {host}:{port} 上监听：{error.strerror}。用 --port 换一个端口，或停掉占用它的程序。",
            f"cannot listen on {host}:{port}: {error.strerror}. Choose another port with --port, or stop what uses it.",
        )
    return listener


def prepare(settings: Settings, *, has_admin: bool = True) -> Start:
    """Bring the database up to date; on the first start it gets the demo shop and an admin."""
    from bot import demo
    from bot.app import open_database, wall_clock
    from bot.console.passwords import create_first_admin
    from storage import groups
    from storage.database import Database

    open_database(settings)
    if settings.demo and demo.load_once(settings, wall_clock):
        say("已载入演示商店。", "The demo shop is loaded.")
    database = Database(settings.database)
    try:
        with database.write() as session:
            group = groups.find_first(session, "web")
            password = create_first_admin(session, wall_clock()) if has_admin else None
            return Start(password, None if group is None else group.code)
    finally:
        database.close()


def _serve(settings: Settings, listener: socket.socket, start: Start) -> None:
    import uvicorn

    from bot.app import Operator, build
    from bot.web.app import SOCKETS

    class Server(uvicorn.Server):
        """Tells the addresses once it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                _greet(settings, start)

    # uvicorn raises the signal again once everything has ended; by then there is nothing left to interrupt.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore)
    server = Server(
        uvicorn.Config(
            build(settings, Operator(settings)), loop="uvloop", http="httptools", log_config=None,
            access_log=False, server_header=False, timeout_graceful_shutdown=DRAIN_SECONDS,
            ws_max_size=SOCKETS["ws_max_size"], ws_max_queue=SOCKETS["ws_max_queue"],
            ws_per_message_deflate=False,
        )
    )  # fmt: skip
    server.run(sockets=[listener])
    if not server.started:
        stop("没能启动，原因见上。", "it could not start; the reason is above.")
    say("已停止。", "Stopped.")


def _ignore(_number: int, _frame: Any) -> None:
    return None


def _greet(settings: Settings, start: Start) -> None:
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=True)
    out.print(tell("[bold green]团长已就绪[/]", "[bold green]Tuanzhang is ready[/]"))
    if start.group is not None:
        out.print(tell("  群聊    ", "  group    ") + f"{settings.public_url}/g/{start.group}")
    out.print(tell("  后台    ", "  console  ") + f"{settings.public_url}/console")
    if start.password is not None:
        password = f"[bold]{start.password}[/]"
        out.print(tell("  登录    admin，一次性密码 ", "  sign in  admin, one-time password ") + password)
        out.print(tell("          （只显示这一次）", "           (shown only now)"), style="dim")
    out.print(tell("  按 Ctrl+C 停止", "  Ctrl+C stops it"), style="dim")
