"""A real Synapse on loopback, and people who talk there through the plain client-server API.

Synapse is installed once per machine from PyPI, in an environment of its own in the user's cache.
"""

from __future__ import annotations

import fcntl
import hmac
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import yaml

VERSION = "1.163.2"
NAME = "shop.test"
SECRET = "of the tests only"
START_SECONDS = 90
INSTALL_SECONDS = 900
FAST = {"per_second": 10_000, "burst_count": 10_000}
LOGGING = {
    "version": 1, "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"level": "WARNING", "handlers": ["console"]}, "disable_existing_loggers": False,
}


class NotInstalled(Exception):
    """Synapse cannot be installed on this machine."""


def installed() -> Path:
    """The python of Synapse's environment, made when it is not there yet. Raises NotInstalled."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuanzhang"
    place = cache / f"synapse-{VERSION}-py{sys.version_info.major}.{sys.version_info.minor}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "synapse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            steps = (
                [sys.executable, "-m", "venv", "--clear", str(place)],
                [
                    str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "--only-binary", ":all:", f"matrix-synapse=={VERSION}",
                ],
            )
            for step in steps:
                done = subprocess.run(step, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
                if done.returncode:
                    raise NotInstalled((done.stdout + done.stderr)[-600:])
            (place / "complete").touch()
    return place / "bin" / "python"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Homeserver:
    """One Synapse on SQLite, its data in a folder."""

    def __init__(self, folder: Path) -> None:
        self.python, self.folder, self.port = installed(), folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "homeserver.yaml"
        (folder / "logging.yaml").write_text(yaml.safe_dump(LOGGING))
        self.config.write_text(yaml.safe_dump(self._settings()))
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def _settings(self) -> dict[str, Any]:
        return {
            "server_name": NAME, "public_baseurl": f"{self.url}/", "report_stats": False,
            "listeners": [{
                "port": self.port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False,
                "resources": [{"names": ["client"], "compress": False}],
            }],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "synapse.db")}},
            "log_config": str(self.folder / "logging.yaml"), "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"), "trusted_key_servers": [],
            "registration_shared_secret": SECRET, "macaroon_secret_key": SECRET, "form_secret": SECRET,
            "enable_registration": True, "enable_registration_without_verification": True,
            "bcrypt_rounds": 4, "federation_domain_whitelist": [], "presence": {"enabled": False},
            "rc_message": FAST, "rc_registration": FAST, "rc_admin_redaction": FAST, "rc_media_create": FAST,
            "rc_login": {"address": FAST, "account": FAST, "failed_attempts": FAST},
            "rc_joins": {"local": FAST, "remote": FAST}, "rc_joins_per_room": FAST, "rc_room_creation": FAST,
            "rc_invites": {"per_room": FAST, "per_user": FAST, "per_issuer": FAST},
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.python), "-m", "synapse.app.homeserver", "-c", str(self.config)],
                cwd=self.folder, stdout=log, stderr=log, env=os.environ | {"SYNAPSE_CACHE_FACTOR": "0.5"},
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/_matrix/client/versions", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("Synapse did not start: " + (self.folder / "log").read_text("utf-8", "replace")[-2_000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def slow_down(self, person: Person) -> None:
        """Let one person say one message a second, as public homeservers do."""
        nonce = httpx.get(f"{self.url}/_synapse/admin/v1/register").json()["nonce"]
        name = f"admin{next(self._numbers)}"
        words = b"\x00".join(one.encode() for one in (nonce, name, "pw", "admin"))
        told = httpx.post(f"{self.url}/_synapse/admin/v1/register", json={
            "nonce": nonce, "username": name, "password": "pw", "admin": True,
            "mac": hmac.new(SECRET.encode(), words, "sha1").hexdigest(),
        }).raise_for_status().json()
        httpx.post(
            f"{self.url}/_synapse/admin/v1/users/{quote(person.id)}/override_ratelimit",
            json={"messages_per_second": 1, "burst_count": 1}, headers={"Authorization": f"Bearer {told['access_token']}"},
        ).raise_for_status()

    def person(self, name: str, display: str = "") -> Person:
        """Somebody new; users are called name1, name2 … so that scenes do not meet each other's."""
        user = f"{name}{next(self._numbers)}"
        told = httpx.post(
            f"{self.url}/_matrix/client/v3/register", timeout=30,
            json={"username": user, "password": f"pw-{user}", "auth": {"type": "m.login.dummy"}},
        ).raise_for_status().json()
        person = Person(self.url, told["user_id"], told["access_token"], f"pw-{user}")
        if display:
            person.put(f"profile/{quote(person.id)}/displayname", {"displayname": display})
        return person


@dataclass
class Person:
    """Somebody on the homeserver, speaking plain HTTP."""

    url: str
    id: str
    token: str
    password: str
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=f"{self.url}/_matrix/client/v3/", timeout=30, headers={"Authorization": f"Bearer {self.token}"}
        )

    def get(self, path: str, **params: Any) -> Any:
        return self.http.get(path, params=params).raise_for_status().json()

    def post(self, path: str, json: Any = None) -> Any:
        return self.http.post(path, json=json or {}).raise_for_status().json()

    def put(self, path: str, json: Any) -> Any:
        return self.http.put(path, json=json).raise_for_status().json()

    def create(self, *invited: Person, name: str = "", **more: Any) -> str:
        """A new room; gives its id."""
        body = {"invite": [one.id for one in invited], "preset": "private_chat"} | more
        room: str = self.post("createRoom", body | ({"name": name} if name else {}))["room_id"]
        return room

    def invite(self, room: str, who: Person) -> None:
        self.post(f"rooms/{quote(room)}/invite", {"user_id": who.id})

    def join(self, room: str) -> None:
        self.post(f"join/{quote(room)}")

    def leave(self, room: str) -> None:
        self.post(f"rooms/{quote(room)}/leave")

    def kick(self, room: str, who: Person) -> None:
        self.post(f"rooms/{quote(room)}/kick", {"user_id": who.id, "reason": "spam"})

    def state(self, room: str, kind: str, content: dict[str, Any], key: str = "") -> None:
        self.put(f"rooms/{quote(room)}/state/{kind}/{quote(key)}", content)

    def say(self, room: str, text: str, **more: Any) -> str:
        return self.send(room, {"msgtype": "m.text", "body": text} | more)

    def send(self, room: str, content: Any, kind: str = "m.room.message", transaction: str = "") -> str:
        path = f"rooms/{quote(room)}/send/{kind}/{quote(transaction or f'{self.token[-6:]}-{next(self.numbers)}')}"
        event_id: str = self.put(path, content)["event_id"]
        return event_id

    def tries(self, room: str, content: bytes | dict[str, Any]) -> int:
        """Send something broken; gives the status the homeserver answers with."""
        path = f"rooms/{quote(room)}/send/m.room.message/odd{next(self.numbers)}"
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.http.put(path, content=body, headers={"Content-Type": "application/json"}).status_code

    def redact(self, room: str, event_id: str) -> None:
        self.put(f"rooms/{quote(room)}/redact/{quote(event_id)}/r{next(self.numbers)}", {})

    def upload(self, data: bytes, kind: str) -> str:
        told = self.http.post(
            f"{self.url}/_matrix/media/v3/upload", content=data, headers={"Content-Type": kind}
        ).raise_for_status().json()
        address: str = told["content_uri"]
        return address

    def reads(self, room: str, limit: int = 100) -> list[dict[str, Any]]:
        """The room's newest messages, oldest first."""
        told = self.get(f"rooms/{quote(room)}/messages", dir="b", limit=limit)
        return [event for event in reversed(told["chunk"]) if event["type"] == "m.room.message"]
