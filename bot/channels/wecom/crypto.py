"""The seal on WeCom's callbacks: SHA-1 signature, AES-256-CBC, and whom the message is for.

Format: https://developer.work.weixin.qq.com/document/path/90968 (加解密方案说明). The plain text is 16 random bytes, the
length of the message in 4 bytes (big endian), the message, and the receiver's id; padded to a multiple of 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32
HEAD = 20  # random bytes and length
BAD_KEY = "EncodingAESKey 应为 43 位字母和数字 · TUAN_WECOM_CALLBACK_KEY must be 43 letters and digits"


class Forged(Exception):
    """Not from WeCom, or not for us. What was wrong is for the log, never for whoever sent it."""


class BadKey(ValueError):
    """The callback key is not 43 letters and digits."""


class Seal:
    """Opens what WeCom sealed for one receiver (the corp id), and seals as WeCom does."""

    def __init__(self, token: str, encoding_key: str, receive_id: str) -> None:
        try:
            key = base64.b64decode(encoding_key + "=", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadKey(BAD_KEY) from error
        if len(encoding_key) != 43 or len(key) != 32:
            raise BadKey(BAD_KEY)
        self._token, self._key, self._receive_id = token, key, receive_id.encode()

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        """The signature over token, timestamp, nonce and sealed text, sorted."""
        joined = "".join(sorted((self._token, timestamp, nonce, sealed)))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def open(self, signature: str, timestamp: str, nonce: str, sealed: str) -> bytes:
        """The message. Raises Forged."""
        expected = self.sign(timestamp, nonce, sealed)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise Forged("signature")
        try:
            data = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Forged("base64") from error
        if not data or len(data) % 16:
            raise Forged("length")
        return self._unpack(data)

    def _unpack(self, data: bytes) -> bytes:
        decryptor = Cipher(AES256(self._key), CBC(self._key[:16])).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        pad = padded[-1]
        if not 1 <= pad <= BLOCK or len(padded) < HEAD + pad or padded[-pad:] != bytes([pad]) * pad:
            raise Forged("padding")
        plain = padded[:-pad]
        (length,) = struct.unpack(">I", plain[16:HEAD])
        message, receiver = plain[HEAD : HEAD + length], plain[HEAD + length :]
        if len(message) != length or not hmac.compare_digest(receiver, self._receive_id):
            raise Forged("receiver")
        return message

    def close(self, message: bytes, timestamp: str, nonce: str) -> tuple[str, str]:
        """Seal a message as WeCom does; gives (sealed, signature)."""
        plain = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + self._receive_id
        pad = BLOCK - len(plain) % BLOCK
        encryptor = Cipher(AES256(self._key), CBC(self._key[:16])).encryptor()
        sealed = base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()
        return sealed, self.sign(timestamp, nonce, sealed)
