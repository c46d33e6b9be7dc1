"""A drop's poster: what it is, what it costs, how far it is, and a code to scan; drawn with one font, without emoji."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import segno
from PIL import Image, ImageDraw

from content import fonts
from content.fonts import Type

WIDTH, HEIGHT = 720, 1200
EDGE, CARD_TOP, INNER = 44, 400, 44
TOP, BOTTOM = (255, 226, 204), (232, 66, 40)
DARK, INK, SOFT, WARM, RAIL = (92, 24, 10), (33, 24, 18), (128, 112, 100), (226, 62, 34), (245, 231, 218)
QR_SIZE = 232
COLOURS = 128
PRICES = (84, 66, 52, 42)  # sizes tried: a price is never cut
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Poster:
    """What a poster says, in the words of its language; `percent` None draws no bar, an empty text nothing."""

    place: str
    headline: str
    invitation: str
    title: str
    price: str
    list_price: str
    percent: int | None
    done: str
    missing: str
    scan: str
    note: str
    address: str


def draw(poster: Poster, own_font: Path | None = None) -> bytes:
    """The poster as a PNG of 720 × 1200. Raises content.fonts.NoFont."""
    font = fonts.find(own_font)
    picture = _ground().copy()
    pen = ImageDraw.Draw(picture)
    wide = WIDTH - 2 * EDGE
    _line(pen, font, (EDGE, 76), poster.place, 32, DARK, wide)
    _line(pen, font, (EDGE, 130), poster.headline, 76, DARK, wide, is_bold=True)
    _line(pen, font, (EDGE, 256), poster.invitation, 34, DARK, wide)
    _offer(pen, font, poster)
    _code(picture, pen, font, poster)
    kept = io.BytesIO()
    # A palette halves the bytes and costs no more time than packing true colours.
    picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(kept, "PNG", compress_level=2)
    return kept.getvalue()


def _offer(pen: ImageDraw.ImageDraw, font: Type, poster: Poster) -> None:
    left, wide = EDGE + INNER, WIDTH - 2 * (EDGE + INNER)
    y = CARD_TOP + 40
    for line in wrap(font, clean(font, poster.title), 42, wide, 2):
        _line(pen, font, (left, y), line, 42, INK, wide, is_bold=True)
        y += 58
    y += 8
    _price(pen, font, poster, y)
    y += 136
    if poster.percent is not None:
        pen.rounded_rectangle((left, y, left + wide, y + 18), 9, fill=RAIL)
        if poster.percent > 0:
            pen.rounded_rectangle((left, y, left + max(18, wide * min(100, poster.percent) // 100), y + 18), 9, fill=WARM)
        y += 34
    half = wide // 2 - 10
    _line(pen, font, (left, y), poster.done, 28, INK, half)
    shown = fit(font, clean(font, poster.missing), 28, half)
    _line(pen, font, (left + wide - int(font.size(28).getlength(shown)), y), shown, 28, WARM, half)


def _price(pen: ImageDraw.ImageDraw, font: Type, poster: Poster, y: int) -> None:
    left, right = EDGE + INNER, WIDTH - EDGE - INNER
    size = next((one for one in PRICES if font.size(one).getlength(poster.price) <= right - left), PRICES[-1])
    x = 22 + _line(pen, font, (left, y + PRICES[0] - size), poster.price, size, WARM, right - left, is_bold=True)
    if poster.list_price and font.size(34).getlength(poster.list_price) <= right - x:
        end = _line(pen, font, (x, y + 44), poster.list_price, 34, SOFT, right - x)
        pen.line((x, y + 70, end, y + 70), fill=SOFT, width=2)


def _code(picture: Image.Image, pen: ImageDraw.ImageDraw, font: Type, poster: Poster) -> None:
    left, y = EDGE + INNER, HEIGHT - EDGE - INNER - QR_SIZE
    picture.paste(_scannable(poster.address), (left, y))
    x = left + QR_SIZE + 34
    wide = WIDTH - EDGE - 28 - x
    _line(pen, font, (x, y + 56), poster.scan, 32, INK, wide, is_bold=True)
    for place, line in enumerate(wrap(font, clean(font, poster.note), 26, wide, 2)):
        _line(pen, font, (x, y + 110 + place * 38), line, 26, SOFT, wide)


@lru_cache(maxsize=256)
def _scannable(address: str) -> Image.Image:
    """The address as a QR code with whole pixels a module, on white."""
    rows = [bytes(row) for row in segno.make(address, error="m", micro=False).matrix]
    side = len(rows) + 4
    code = Image.new("L", (side, side), 255)
    code.putdata([255] * (side * side))
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                code.putpixel((x + 2, y + 2), 0)
    scale = max(1, QR_SIZE // side)
    large = code.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    framed = Image.new("L", (QR_SIZE, QR_SIZE), 255)
    framed.paste(large, ((QR_SIZE - large.width) // 2, (QR_SIZE - large.height) // 2))
    return framed.convert("RGB")


@lru_cache(maxsize=1)
def _ground() -> Image.Image:
    """What all posters share: the colours behind, and the card."""
    bands = 48
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(picture)
    for band in range(bands):
        share = band / (bands - 1)
        colour = tuple(round(a + (b - a) * share) for a, b in zip(TOP, BOTTOM, strict=True))
        pen.rectangle((0, HEIGHT * band // bands, WIDTH, HEIGHT * (band + 1) // bands), fill=colour)
    glow = Image.new("L", (WIDTH, HEIGHT), 0)
    ImageDraw.Draw(glow).ellipse((400, -160, 880, 320), fill=56)
    picture.paste((255, 255, 255), (0, 0), glow)
    pen.rounded_rectangle((EDGE, CARD_TOP, WIDTH - EDGE, HEIGHT - EDGE), 32, fill=(255, 255, 255))
    return picture


def _line(
    pen: ImageDraw.ImageDraw, font: Type, at: Place, text: str, size: int, colour: tuple[int, int, int], wide: int, *,
    is_bold: bool = False,
) -> int:
    """Write one line, shortened to its width; gives where it ends. The packaged font has one weight: bold is a stroke."""
    shown = fit(font, clean(font, text), size, wide)
    face = font.size(size)
    pen.text(at, shown, font=face, fill=colour, stroke_width=max(1, size // 36) if is_bold else 0, stroke_fill=colour)
    return at[0] + int(face.getlength(shown))


def clean(font: Type, text: str) -> str:
    """The text on one line with what the font can draw: emoji and the like fall away."""
    plain = unicodedata.normalize("NFC", text[:400])
    return " ".join("".join(one if one.isspace() or font.has(one) else "" for one in plain).split())


def fit(font: Type, text: str, size: int, wide: int) -> str:
    """The text, or as much of it as is no wider, with an ellipsis."""
    face = font.size(size)
    if face.getlength(text) <= wide:
        return text
    while text and face.getlength(text + "…") > wide:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(font: Type, text: str, size: int, wide: int, most: int) -> list[str]:
    """The text in at most so many lines no wider than that; breaks between Chinese characters and at spaces."""
    face, rest = font.size(size), text
    lines: list[str] = []
    while rest and len(lines) < most - 1 and face.getlength(rest) > wide:
        end = len(rest)
        while end > 1 and face.getlength(rest[:end]) > wide:
            end -= 1
        space = rest.rfind(" ", 0, end + 1)
        is_inside_word = end < len(rest) and rest[end - 1].isascii() and rest[end].isascii() and rest[end - 1] != " "
        if is_inside_word and space > 0:
            end = space
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, fit(font, rest, size, wide)] if rest else lines
