"""`tuan backup` and `tuan restore`: a shop in one file, made while it runs, checked before it is used."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.opening import Home, load_settings
from bot.commands.speech import say, stop, tell

if TYPE_CHECKING:
    from bot.settings import Settings

FORMAT = 1
DATABASE, DUMP, MANIFEST, SECRET, PICTURES = "tuan.db", "tuan.dump", "manifest.json", "secret", "pictures"
MAX_UNPACKED = 200 * 1024**3


def backup(
    file: Annotated[
        Path | None, typer.Argument(help=tell("备份文件（默认在数据目录的 backups 里）", "the file to write"))
    ] = None,
    home: Home = None,
) -> None:
    """The database, the secret and the pictures into one file; the operator may go on running."""
    from bot.app import wall_clock

    settings, now = load_settings(home), wall_clock()
    target = file or settings.home / "backups" / f"tuan-{now:%Y%m%d-%H%M%S}.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tuan-") as folder:
        work = Path(folder)
        revision = _copy_database(settings, work)
        manifest = {
            "format": FORMAT,
            "version": version("tuanzhang"),
            "revision": revision,
            "made_at": now.isoformat(),
        }
        packed = work / "packed.tar.gz"
        with os.fdopen(os.open(packed, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
            _pack(out, settings, work, manifest)
        packed.replace(target)
    size = target.stat().st_size / 1024**2
    say(
        f"已备份到 {target}（{size:.1f} MB）。里面有密钥，请收好。",
        f"Backed up to {target} ({size:.1f} MB). It holds the secret: keep it safe.",
    )


def _copy_database(settings: Settings, work: Path) -> str:
    """Put a copy of the database into the folder; gives its schema version."""
    from storage import copies
    from storage.database import Database

    path = Database(settings.database).path
    if path is None:
        _dump_postgres(settings, work / DUMP)
        return ""
    if not path.exists():
        stop(f"{settings.home} 里还没有数据库。", f"there is no database in {settings.home} yet.")
    copies.copy(path, work / DATABASE)
    try:
        return copies.check(work / DATABASE)
    except copies.BrokenCopy as fault:
        stop(f"数据库有损坏，没有备份：{fault}", f"the database is damaged, nothing was written: {fault}")


def _dump_postgres(settings: Settings, target: Path) -> None:
    from storage.database import Database

    url = Database(settings.database).url.set(drivername="postgresql")
    password = url.password
    plain = url.set(password=None).render_as_string(hide_password=False)
    if shutil.which("pg_dump") is None:
        stop(
            f"PostgreSQL 请用 pg_dump 备份：pg_dump --format=custom --file tuan.dump {plain}",
            f"PostgreSQL is backed up by pg_dump: pg_dump --format=custom --file tuan.dump {plain}",
        )
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    done = subprocess.run(
        ["pg_dump", "--format=custom", "--file", str(target), plain],
        env=environment,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        stop(f"pg_dump 没成功：{why}", f"pg_dump failed: {why}")


def _pack(out: Any, settings: Settings, work: Path, manifest: dict[str, Any]) -> None:
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as tar:
        words = json.dumps(manifest).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(words), 0o600
        tar.addfile(entry, io.BytesIO(words))
        for path in (work / DATABASE, work / DUMP, settings.home / SECRET):
            if path.exists():
                tar.add(path, arcname=path.name, recursive=False)
        for picture in sorted((settings.home / PICTURES).glob("*")):
            if picture.is_file() and not picture.name.startswith("."):
                tar.add(picture, arcname=f"{PICTURES}/{picture.name}", recursive=False)


def restore(
    file: Annotated[Path, typer.Argument(help=tell("备份文件", "the backup"))],
    home: Home = None,
) -> None:
    """Put a backup in the place of what is there; the old database stays beside it."""
    from bot.app import wall_clock
    from storage.database import Database

    settings = load_settings(home)
    guard = Database(settings.database)
    if guard.path is None:
        stop(
            "PostgreSQL 的备份请用 pg_restore 恢复（备份里的 tuan.dump）。",
            "a PostgreSQL backup is restored by pg_restore (tuan.dump inside the backup).",
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    guard.claim()
    try:
        with tempfile.TemporaryDirectory(dir=settings.home, prefix=".tuan-") as folder:
            work = Path(folder)
            manifest = _unpack(file, work)
            _check(work)
            aside = _put_in_place(settings, work, guard.path, wall_clock())
    finally:
        guard.close()
    made_at = str(manifest.get("made_at", "?"))[:19]
    say(f"已恢复 {made_at} 的备份。", f"The backup of {made_at} is restored.")
    if aside is not None:
        say(f"原来的数据库在 {aside}。", f"The database that was here is now {aside}.")


def _unpack(file: Path, work: Path) -> dict[str, Any]:
    """Take out what belongs to a backup and nothing else."""
    unpacked, manifest = 0, None
    try:
        with tarfile.open(file, mode="r:*") as tar:
            for entry in tar:
                path = PurePosixPath(entry.name)
                is_picture = len(path.parts) == 2 and path.parts[0] == PICTURES and path.name not in ("", "..")
                if not entry.isfile() or not (is_picture or entry.name in (DATABASE, DUMP, MANIFEST, SECRET)):
                    continue
                unpacked += entry.size
                source = tar.extractfile(entry)
                if unpacked > MAX_UNPACKED or source is None:
                    raise tarfile.TarError("too large")
                target = work / path
                target.parent.mkdir(exist_ok=True)
                with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
                    shutil.copyfileobj(source, out)
        manifest = json.loads((work / MANIFEST).read_bytes())
    except (tarfile.TarError, EOFError, OSError, ValueError) as fault:
        if not file.exists():
            stop(f"找不到 {file}", f"there is no file {file}")
        why = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        stop(f"{file} 不是完整的备份：{why}", f"{file} is no complete backup: {why}")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        stop("这份备份来自另一个版本的格式。", "the backup has the format of another version.")
    return manifest


def _check(work: Path) -> None:
    from storage import copies, migrate

    if not (work / DATABASE).exists():
        stop("备份里没有 SQLite 数据库。", "the backup holds no SQLite database.")
    try:
        revision = copies.check(work / DATABASE)
    except copies.BrokenCopy as fault:
        stop(f"备份里的数据库有损坏：{fault}", f"the database in the backup is damaged: {fault}")
    if revision not in migrate.known_revisions():
        raise migrate.NewerDatabase(revision)


def _put_in_place(settings: Settings, work: Path, database: Path, now: datetime) -> Path | None:
    """Swap by renaming, the database last: until then the old one is whole, from then on the new one is."""
    from storage import copies

    mark = f"before-restore-{now:%Y%m%d-%H%M%S}"
    aside = None
    if database.exists():
        copies.settle(database)
        aside = database.with_name(f"{database.name}.{mark}")
        os.link(database, aside)
    for name in (PICTURES, SECRET):
        old = settings.home / name
        if (work / name).exists():
            if old.exists():
                old.rename(old.with_name(f"{name}.{mark}"))
            (work / name).rename(old)
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)
    (work / DATABASE).replace(database)
    return aside
