"""Where a referral link leads: only to pages of our own, and to hosts the settings allow."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from sqlalchemy.orm import Session

from storage import drops, groups, referral_links
from storage.referral_links import ReferralLink

OWN = re.compile(r"/(?:[dgp]/[A-Za-z0-9_.~%-]{1,240}|r/[2-9A-HJ-NP-Z]{8}/join)?")
HOME = "/"


def is_allowed(address: str, hosts: Collection[str] = ()) -> bool:
    """May we send somebody there: a page of ours (a path of our own shape, with a query at most), or https on one of
    these hosts?"""
    if not address.isascii() or any(sign <= " " or sign in "\\\x7f" for sign in address):
        return False
    path, _, query = address.partition("?")
    if OWN.fullmatch(path) is not None:
        return "#" not in query
    parts = urlsplit(address)
    return parts.scheme == "https" and parts.netloc.lower() in {host.lower() for host in hosts}


def target_of(session: Session, link: ReferralLink) -> tuple[str, str]:
    """The page a link leads to, as a path: without, and with, whose link it is. What is gone leads to the home page."""
    path = _page_of(session, link)
    if not is_allowed(path):
        path = HOME
    return path, f"{path}?via={link.code}"


def _page_of(session: Session, link: ReferralLink) -> str:
    if link.target_kind == referral_links.DROP:
        drop = drops.find(session, link.target_id)
        return HOME if drop is None else f"/d/{drop.code}"
    if link.target_kind == referral_links.PRODUCT:
        return f"/p/{quote(link.target_id, safe='')}"
    if link.target_kind == referral_links.GROUP:
        group = groups.find(session, link.target_id)
        if group is not None and group.channel == "web":
            return f"/g/{quote(group.code, safe='')}"
        return HOME if group is None else f"/r/{link.code}/join"
    return HOME
