"""Pictures uploaded with a post: kept by us, and their address written into the part they came with."""

from __future__ import annotations

from starlette.datastructures import UploadFile

from bot.channels.pictures import MAX_BYTES, NoRoom, Pictures, kind_of
from bot.console.post_forms import PostForm
from bot.console.visit import Visit
from storage.posts import PICTURE

LARGEST_FORM = 2 * MAX_BYTES + 2_000_000  # bytes; two large pictures and the words


def take(visit: Visit, typed: PostForm) -> None:
    """Keep what was uploaded; what is no picture or too large is a fault beside its part."""
    shelf = Pictures(visit.desk.settings.home)
    for number, given in enumerate(visit.form.getlist("part_file")[: len(typed.parts)]):
        if not isinstance(given, UploadFile) or not given.filename:
            continue
        data, part = given.file.read(MAX_BYTES + 1), typed.parts[number]
        field = "url" if part["kind"] == PICTURE else "picture"
        fault = f"parts.{number}.{field}"
        if len(data) > MAX_BYTES:
            typed.errors[fault] = visit.translate("图片最多 %(most)s MB，请压缩后再传", most=MAX_BYTES // 1024**2)
        elif (kind := kind_of(data)) is None:
            typed.errors[fault] = visit.translate("这不是图片：只收 PNG、JPG、WebP、GIF")
        else:
            try:
                part[field] = shelf.keep(data, kind)
            except NoRoom:
                typed.errors[fault] = visit.translate("磁盘快满了，图片没有收下")
