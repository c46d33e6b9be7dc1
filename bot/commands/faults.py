"""Turns whatever ends a command into one line: what is wrong, and what to do."""

from __future__ import annotations

import os
import traceback
from typing import Any

from bot.commands.speech import Stop, tell

BUG = 70  # EX_SOFTWARE of sysexits.h


def explain(error: Exception) -> tuple[str, int]:
    """The line to print and the exit code."""
    if isinstance(error, Stop):
        return str(error), error.code
    words = _known(error)
    if words is not None:
        return tell(*words), 1
    if os.environ.get("TUAN_DEBUG"):
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {_first_line(error)}"
    words = (
        f"出错了：{what}。设置 TUAN_DEBUG=1 再运行一次，可以看到出错的位置。",
        f"something went wrong: {what}. Run it again with TUAN_DEBUG=1 to see where.",
    )
    return tell(*words), BUG


def _known(error: Exception) -> tuple[str, str] | None:
    """Told by the names of the types, so that nothing is imported only to say what is wrong."""
    kind, why = type(error).__name__, _first_line(error)
    if kind == "DatabaseInUse":
        return (
            f"这个数据库正被另一个 tuan 进程（{why}）使用。请先停掉它，或用 --home 换一个数据目录。",
            f"another tuan process ({why}) is running on this database. Stop it first, or choose another "
            "data folder with --home.",
        )
    if kind == "NewerDatabase":
        return (
            f"数据库是更新版本的团长写的（{why}），这个版本会损坏它。请升级程序，或恢复一份旧备份。",
            f"the database was written by a newer version of Tuanzhang ({why}); this one would damage it. "
            "Upgrade the program, or restore an older backup.",
        )
    if kind == "Unfinished":
        return f"设置不完整：{why}", f"settings are not complete: {why}"
    if kind == "ValidationError" and type(error).__module__.startswith("pydantic"):
        wrong = _settings_in_words(error)
        return (
            f"设置有误：{wrong}。请改环境变量或 .env。",
            f"a setting is wrong: {wrong}. Mend it in the environment or .env.",
        )
    if type(error).__module__.startswith("sqlalchemy") and "full" in why.lower():
        return f"磁盘满了：{why}。请腾出空间。", f"the disk is full: {why}. Make room."
    if type(error).__module__.startswith("sqlalchemy"):
        return (
            f"数据库用不了：{why}。用 tuan doctor 检查，或看看 TUAN_DATABASE_URL。",
            f"the database cannot be used: {why}. Try tuan doctor, or look at TUAN_DATABASE_URL.",
        )
    if isinstance(error, PermissionError | FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return f"{error.filename}：{error.strerror}", f"{error.filename}: {error.strerror}"
    return None


def _settings_in_words(error: Exception) -> str:
    faults: list[dict[str, Any]] = getattr(error, "errors", list)()
    return "; ".join(f"TUAN_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}" for fault in faults)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
