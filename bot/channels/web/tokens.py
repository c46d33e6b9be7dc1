"""Tokens that say which member a browser is: signed with the installation's secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from itsdangerous import BadData, URLSafeSerializer

CHANNEL = "web"


class Tokens:
    """Gives tokens to members and reads them back."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._serializer = URLSafeSerializer(secret, salt="web member")

    def give(self, member_id: str) -> str:
        text = self._serializer.dumps(member_id)
        return text if isinstance(text, str) else text.decode()

    def find(self, token: str) -> str | None:
        """The member a token was given to; None for one that we did not sign."""
        try:
            member_id = self._serializer.loads(token)
        except BadData:
            return None
        return member_id if isinstance(member_id, str) else None

    def new_member_id(self, group_id: str, client_id: str | None) -> str:
        """A fresh member id. The same secret client id in the same group gives the same member again."""
        named = f"{group_id}\n{client_id}".encode()
        code = secrets.token_bytes(10) if client_id is None else hmac.digest(self._secret, named, hashlib.sha256)[:10]
        return f"{CHANNEL}:m_{base64.b32encode(code).decode().lower()}"
