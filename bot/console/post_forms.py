"""Reads a post from its form: a title, a kind, tags, a product, and up to six parts with the fields of their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any

from starlette.datastructures import FormData

from bot.console.product_forms import SEPARATORS
from handlers.posts.drafts import MAX_PARTS, MAX_TAGS, PostDraft
from handlers.posts.messages import FIELDS
from storage.posts import TALK, TEXT, Post, PostVersion

NAMES = ("text", "title", "url", "picture", "app_id", "path", "question", "choices", "right", "hours")


@dataclass(slots=True)
class PostForm:
    """A post as typed. `errors` are by field, those of parts by «parts.0.text»."""

    title: str = ""
    kind: str = TALK
    tags: str = ""
    product_id: str = ""
    parts: list[dict[str, str]] = field(default_factory=list)
    group: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, Any]:
        return {"title": self.title, "kind": self.kind, "tags": self.tags, "product_id": self.product_id, "group": self.group}

    @property
    def filled(self) -> list[dict[str, str]]:
        """The parts that say something, each with the fields of its kind alone."""
        return [
            {"kind": part["kind"]} | {name: part.get(name, "") for name in FIELDS[part["kind"]]}
            for part in self.parts if any(part.get(name, "").strip() for name in NAMES)
        ]

    def shown(self, more: int = 0) -> list[dict[str, str]]:
        """The parts with empty ones to fill in."""
        parts = self.filled
        blank = {"kind": TEXT}
        return (parts + [dict(blank) for _ in range(more + (0 if parts else 1))])[:MAX_PARTS]

    def draft(self) -> PostDraft:
        return PostDraft(self.title, self.kind, self.filled, split(self.tags), self.product_id or None)


def split(words: str) -> list[str]:
    """Words with commas or spaces between them, each once."""
    found = [one.strip() for one in SEPARATORS.split(words)]
    return list(dict.fromkeys(one for one in found if one))[: MAX_TAGS + 1]


def of_post(post: Post, version: PostVersion) -> PostForm:
    parts = [{name: str(value) for name, value in part.items()} for part in version.part_list]
    return PostForm(post.title, version.kind, "、".join(post.tag_list), version.product_id or "", parts)


def read(form: FormData) -> PostForm:
    columns: Sequence[list[str]] = [[_text(one) for one in form.getlist(f"part_{name}")] for name in ("kind", *NAMES)]
    rows = islice(zip_longest(*columns, fillvalue=""), len(columns[0]))
    parts = [dict(zip(("kind", *NAMES), row, strict=True)) for row in rows]
    for part in parts:
        part["kind"] = part["kind"] if part["kind"] in FIELDS else TEXT
    return PostForm(
        _text(form.get("title")), _text(form.get("kind")), _text(form.get("tags")), _text(form.get("product_id"))[:80],
        parts[: MAX_PARTS + 1], _text(form.get("group"))[:120],
    )  # fmt: skip


def _text(value: Any) -> str:
    return value.replace("\r\n", "\n").replace("\0", "").strip() if isinstance(value, str) else ""
