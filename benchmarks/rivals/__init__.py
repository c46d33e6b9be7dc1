"""Other bot frameworks on the same messages: 20 handlers each, storing nothing, in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("TUAN_BENCH_HOME", Path.home() / ".cache" / "tuanzhang-bench"))
PACKAGES = ("python-telegram-bot==22.*", "aiogram==3.*", "nonebot2==2.*")
SCRIPTS = {
    "python-telegram-bot": "telegram_rival.py", "aiogram": "aiogram_rival.py", "nonebot2": "nonebot_rival.py",
}


def environment() -> Path:
    """The Python of an environment with the three frameworks, made on the first call."""
    python = HOME / "rivals" / "bin" / "python"
    stamp = HOME / "rivals" / "ready"
    if not stamp.exists():
        print("installing the other frameworks into an environment of their own …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(HOME / "rivals")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
        stamp.touch()
    return python


def measure(talk: Sequence[tuple[int, int, str]], asked: Sequence[str]) -> dict[str, Any]:
    """Messages a CPU-second of each framework, on these (group, member, text) with these questions answered."""
    python = environment()
    given = json.dumps({"talk": talk, "asked": list(asked)})
    results: dict[str, Any] = {}
    for name, script in SCRIPTS.items():
        done = subprocess.run(
            [str(python), str(HERE / script)], input=given, capture_output=True, text=True, check=False, timeout=600
        )
        lines = done.stdout.strip().splitlines()
        results[f"{name} (stores nothing)"] = (
            json.loads(lines[-1]) if done.returncode == 0 and lines else {"error": done.stderr.strip()[-300:]}
        )
    return results
