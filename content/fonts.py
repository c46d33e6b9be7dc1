"""The font that pictures are lettered with: the shop's own, the packaged one, or the system's; checked before it is used."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import noto_cjk_sans_otc
from PIL import ImageFont

NEEDED = "0123456789¥.:-人团还差邀请识别二维码"  # a font without digits has been packaged before
SYSTEM = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc", "C:/Windows/Fonts/msyh.ttc",
)
NOBODYS = "\U0010fffd"  # no font draws it: what it gives is the box for what is missing
FACES = 12


class NoFont(RuntimeError):
    """No font at hand has Chinese and digits."""


class Type:
    """One font in the sizes asked for, knowing what it cannot draw."""

    def __init__(self, path: Path, face: int) -> None:
        self.path, self._face = path, face
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self._drawn: dict[str, bool] = {}
        self._missing = self._look_of(NOBODYS)

    def size(self, pixels: int) -> ImageFont.FreeTypeFont:
        known = self._sizes.get(pixels)
        if known is None:
            known = self._sizes[pixels] = ImageFont.truetype(str(self.path), pixels, index=self._face)
        return known

    def has(self, character: str) -> bool:
        """Is there a picture of this character, not the box for what is missing?"""
        if character == " ":
            return True
        known = self._drawn.get(character)
        if known is None:
            look = self._look_of(character)
            known = self._drawn[character] = bool(look[1].strip(b"\0")) and look != self._missing
        return known

    def _look_of(self, character: str) -> tuple[tuple[int, int], bytes]:
        mask = self.size(24).getmask(character)
        return mask.size, bytes(mask)


@lru_cache(maxsize=4)
def find(own: Path | None = None) -> Type:
    """The first font that has all that is needed: the shop's own file, the packaged one, the system's. Raises NoFont."""
    for path in (own, Path(str(noto_cjk_sans_otc.FONT_PATH)), *map(Path, SYSTEM)):
        if path is None or not path.is_file():
            continue
        for face in _faces(path):
            font = Type(path, face)
            if all(font.has(one) for one in NEEDED):
                return font
    raise NoFont("no font with Chinese and digits was found; set TUAN_POSTER_FONT")


def _faces(path: Path) -> Iterator[int]:
    """The faces of a file, simplified Chinese first."""
    named: list[tuple[bool, int]] = []
    for face in range(FACES):
        try:
            name = ImageFont.truetype(str(path), 12, index=face).getname()[0] or ""
        except OSError:
            break
        named.append((not name.endswith("SC") or "Mono" in name, face))
    yield from (face for _, face in sorted(named))
