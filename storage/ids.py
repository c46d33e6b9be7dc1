"""Ids and codes that people talk about: unambiguous letters, not to be guessed."""

from __future__ import annotations

import secrets

_SMALL = "0123456789abcdefghjkmnpqrstvwxyz"
_CODE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
DROP_CODE, TEAM_CODE = 4, 5  # so that a code says by its length whose it is


def new_id(kind: str) -> str:
    """A new id that carries its kind: drp_…, tem_…, ord_…, pay_…, rfd_…"""
    return kind + "_" + "".join([_SMALL[one & 31] for one in secrets.token_bytes(12)])


def new_code(length: int) -> str:
    """A short code to be typed or said: no 0, 1, I or O."""
    return "".join([_CODE[one & 31] for one in secrets.token_bytes(length)])
