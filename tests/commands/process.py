"""A real `tuan run` in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-c", "from bot.cli import main; main()"]
PATIENCE = 60.0


class Process:
    """Started on a free port; waits until it is ready, or has ended."""

    def __init__(self, home: Path, *words: str, **settings: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TUAN_")}
        environment |= {"TUAN_HOME": str(home), "TUAN_LANGUAGE": "en", "PYTHONUNBUFFERED": "1", **settings}
        self._child = subprocess.Popen(
            [*COMMAND, "run", "--port", "0", *words], env=environment, cwd=home.parent, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said: list[str] = []
        self._is_silent = False
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._wait_for("Ctrl+C")
        found = re.search(r"http://localhost:(\d+)/console", "\n".join(self.said))
        self.port = int(found[1]) if found else 0

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def _wait_for(self, words: str | None) -> None:
        """Until a line holds the words, or there are no more."""
        ends_at = time.monotonic() + PATIENCE
        while not self._is_silent:
            line = self._lines.get(timeout=max(0.1, ends_at - time.monotonic()))
            if line is None:
                self._is_silent = True
                return
            self.said.append(line)
            if words is not None and words in line:
                return

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path)[1])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        if self._child.poll() is None:
            self._child.send_signal(number)
        self._wait_for(None)
        return self._child.wait(PATIENCE)
