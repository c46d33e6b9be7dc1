"""Posts: material to say at a time, in parts and kept in versions, with tags, so that it is written once and used often."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, hold

ADVERT, SERVICE, KNOWLEDGE, TALK, GAME = "advert", "service", "knowledge", "talk", "game"
KINDS = (ADVERT, SERVICE, KNOWLEDGE, TALK, GAME)
TEXT, PICTURE, CARD, MINI, POLL = "text", "picture", "card", "mini", "poll"
PART_KINDS = (TEXT, PICTURE, CARD, MINI, POLL)


class Post(Base):
    """A post of the library as it is now; what it says is in its newest version. `tags` is a JSON list."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    tags: Mapped[str] = mapped_column(Text, default="[]")
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_posts_kind", "kind", "id"),)

    @property
    def tag_list(self) -> list[str]:
        return list(json.loads(self.tags))


class PostVersion(Base):
    """What a post said from one edit to the next. `parts` is a JSON list, each {"kind": text|picture|card|mini|poll, …} with
    the fields of bot.outbox, their words being templates; `product_id` is the product that `product` stands for."""

    __tablename__ = "post_versions"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    parts: Mapped[str] = mapped_column(Text)
    product_id: Mapped[str | None] = mapped_column(String(80))
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcTime)

    @property
    def part_list(self) -> list[dict[str, Any]]:
        return list(json.loads(self.parts))


def get(session: Session, post_id: int) -> Post:
    return hold(session, session.get_one(Post, post_id))


def get_version(session: Session, post_id: int, version: int) -> PostVersion:
    return hold(session, session.get_one(PostVersion, (post_id, version)))


def find_versions(session: Session, post_id: int) -> Sequence[PostVersion]:
    """Every version, newest first."""
    query = select(PostVersion).where(PostVersion.post_id == post_id)
    return session.scalars(query.order_by(PostVersion.version.desc())).all()


def find(
    session: Session, *, kind: str = "", tag: str = "", words: str = "", is_archived: bool = False,
    before_id: int | None = None, limit: int = 50,
) -> Sequence[Post]:
    """The library, newest first, perhaps of one kind, one tag, or with these words in the title."""
    query = select(Post).where(Post.archived_at.is_not(None) if is_archived else Post.archived_at.is_(None))
    if kind:
        query = query.where(Post.kind == kind)
    if tag:
        query = query.where(Post.tags.contains(json.dumps(tag, ensure_ascii=False), autoescape=True))
    if words:
        query = query.where(Post.title.contains(words, autoescape=True))
    if before_id is not None:
        query = query.where(Post.id < before_id)
    return session.scalars(query.order_by(Post.id.desc()).limit(limit)).all()


def find_with_ids(session: Session, ids: Sequence[int]) -> dict[int, Post]:
    return {post.id: post for post in session.scalars(select(Post).where(Post.id.in_(ids)))}


def count_by_kind(session: Session) -> dict[str, int]:
    query = select(Post.kind, func.count()).where(Post.archived_at.is_(None)).group_by(Post.kind)
    return {row[0]: row[1] for row in session.execute(query)}


def find_tags(session: Session) -> list[str]:
    """Every tag in use, in order."""
    stored = session.scalars(select(Post.tags).where(Post.archived_at.is_(None)).distinct())
    return sorted({tag for tags in stored for tag in json.loads(tags)})


def save(
    session: Session, *, title: str, kind: str, parts: Sequence[Mapping[str, Any]], now: datetime, by: str,
    post_id: int | None = None, tags: Sequence[str] = (), product_id: str | None = None,
) -> Post:
    """Write a post or change one; what it says gets a new version only where it differs."""
    written = json.dumps(list(parts), ensure_ascii=False, sort_keys=True)
    if post_id is None:
        post = Post(version=0, created_at=now)
        session.add(post)
    else:
        post = session.get_one(Post, post_id, with_for_update=True)
    post.title, post.kind, post.updated_at = title, kind, now
    post.tags = json.dumps(list(dict.fromkeys(tags)), ensure_ascii=False)
    newest = get_version(session, post.id, post.version) if post.version else None
    if newest is None or (newest.parts, newest.kind, newest.product_id) != (written, kind, product_id):
        post.version += 1
        session.flush()
        session.add(
            PostVersion(
                post_id=post.id, version=post.version, kind=kind, parts=written, product_id=product_id, by=by[:60], at=now
            )
        )
    session.flush()
    return post


def archive(session: Session, post_id: int, now: datetime | None) -> None:
    """Put a post away, or with None take it back out."""
    get(session, post_id).archived_at = now


def count_uses(session: Session, post_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Where posts were used: occurrences said or on their way, and the last time. Rows of post_id, count, last_at."""
    from storage.occurrences import QUEUED, SENT, Occurrence

    query = (
        select(Occurrence.post_id, func.count().label("count"), func.max(Occurrence.queued_at).label("last_at"))
        .where(Occurrence.post_id.in_(post_ids), Occurrence.state.in_((QUEUED, SENT)))
        .group_by(Occurrence.post_id)
    )
    return {row.post_id: row for row in session.execute(query)}
