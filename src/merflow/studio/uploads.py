"""Recordings that the browser sends: streamed to a file of the project, opened, then kept."""

import contextlib
import os
import re
import shutil
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

from starlette.concurrency import run_in_threadpool

from merflow.errors import FAILED, MerflowError
from merflow.io.files import HOST, PARTIAL, RESERVED, safe_name, sweep, sync_folder
from merflow.io.images import VIDEOS
from merflow.io.video_clip import video_facts
from merflow.studio.access_control import UPLOAD_LIMIT
from merflow.studio.project import Project

FOLDER = "data/uploads"
CLOSED = ("results", "config", "src", "workflow")
"""Folders of the project that take no upload."""
DEPTH = 6
"""Most folders of a dropped tree above a file."""
SPARE = 1 << 30
"""Disk space that an upload leaves free (bytes)."""
CHECK_BYTES = 64 << 20
"""The free space is looked at again after this much of an upload (bytes)."""
NAME_LIMIT = 150
"""Most bytes of a name or of a folder's name."""


def clean_name(text: object) -> PurePosixPath:
    """Return the path that an upload gets below its folder: safe names, the browser's folders kept.

    >>> str(clean_name("s01/joy/My clip: 1.MP4"))
    's01/joy/My clip_ 1.MP4'
    """
    if not isinstance(text, str) or not text.strip() or len(text) > 1000:
        raise MerflowError("upload", "no file name", "the name of a video")
    parts = [part for part in text.replace("\\", "/").split("/") if part.strip(" .")]
    if not parts or len(parts) > DEPTH + 1:
        raise MerflowError("upload", f"{text[:80]!r}", f"a name below at most {DEPTH} folders")
    *folders, name = map(_clean, parts)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in VIDEOS:
        raise MerflowError(
            name[:80],
            f"a file of type {suffix or 'none'}",
            f"a video: {', '.join(sorted(VIDEOS))}",
            "pick a folder of frames with Browse; it is read where it is",
        )
    return PurePosixPath(*folders, name)


def _clean(part: str) -> str:
    text = unicodedata.normalize("NFC", part).encode("utf-8", "replace").decode()
    text = re.sub(r'[\\/:*?"<>|{}\x00-\x1f\x7f]', "_", text).strip().strip(".").strip()
    text = re.sub(r"^[=+\-@＝＋－＠]", "_", text) or "_"
    stem, suffix = os.path.splitext(text)
    if len(suffix.encode()) >= NAME_LIMIT:
        stem, suffix = text, ""
    room = NAME_LIMIT - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    text = f"{stem}{suffix}".rstrip(" .") or "_"
    return f"_{text}" if text.split(".")[0].lower() in RESERVED else safe_name(text, "upload")


def upload_folder(project: Project, text: object) -> Path:
    """Return the folder of the project that an upload goes to; the default is data/uploads."""
    if not isinstance(text, str) or len(text) > 1000:
        raise MerflowError("request: folder", "no folder", "a folder of the project")
    folder = project.below(*(text or FOLDER).split("/"))
    parts = folder.resolve().relative_to(project.root.resolve()).parts
    if not parts or parts[0] in CLOSED or any(part.startswith(".") for part in parts):
        raise MerflowError(
            "request: folder",
            f"{text[:80]!r} takes no uploads",
            f"a folder of the project such as {FOLDER}",
        )
    return folder


async def receive_upload(
    project: Project, name: PurePosixPath, folder: Path, chunks: AsyncIterator[bytes], size: int
) -> Path:
    """Write a video as it arrives; keep it if it can be opened. Nothing is overwritten.

    size: declared length (bytes), 0 if there is none. Returns the file's path, which has another
    number where the name was in use.
    """
    target = folder.joinpath(*name.parts)
    project.below(*target.relative_to(project.root).parts)
    part = await run_in_threadpool(_begin, target, size)
    try:
        written = checked = 0
        with open(part, "xb", buffering=0) as handle:
            async for chunk in chunks:
                written += len(chunk)
                if written > UPLOAD_LIMIT:
                    raise too_large(target.name)
                if written - checked >= CHECK_BYTES:
                    # The declared length may be missing, and other uploads take space too.
                    await run_in_threadpool(_refuse_full, target, 0)
                    checked = written
                await run_in_threadpool(_write_all, handle, chunk)
            await run_in_threadpool(os.fsync, handle.fileno())
        return await run_in_threadpool(_keep, part, target, written)
    except OSError as error:
        found = f"could not be written ({error.strerror or error})"
        raise MerflowError(target.name, found, "free disk space", code=FAILED) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _write_all(handle, chunk: bytes) -> None:  # noqa: ANN001
    view = memoryview(chunk)
    while view:
        view = view[handle.write(view) :]


def too_large(name: str) -> MerflowError:
    """Return the error of a recording above the limit."""
    return MerflowError(
        name,
        f"larger than {UPLOAD_LIMIT >> 30} GiB",
        "a smaller recording",
        "pick the file with Browse: it is read where it is, without a copy",
    )


def _begin(target: Path, size: int) -> Path:
    """Make the folder, check the free space, and return the path of the unfinished file."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _refuse_full(target, size)
    except OSError as error:
        found = f"cannot be made ({error.strerror or error})"
        raise MerflowError(str(target.parent), found, "a writable folder") from None
    sweep(os.path.abspath(target.parent))
    return target.with_name(f"{PARTIAL}{HOST}-{os.getpid()}-{os.urandom(4).hex()}")


def _refuse_full(target: Path, size: int) -> None:
    """Refuse `size` more bytes (0: any more) where SPARE would not stay free."""
    free = shutil.disk_usage(target.parent).free
    if size + SPARE > free:
        wanted = f"{size / 2**30:.1f} GiB; " if size else ""
        raise MerflowError(
            target.name,
            f"{wanted}{free / 2**30:.1f} GiB are free, and {SPARE >> 30} GiB must stay free",
            "enough free disk space",
            "free some space, or pick the file with Browse: it is read where it is",
        )


def _keep(part: Path, target: Path, written: int) -> Path:
    """Rename a complete upload to a name that is not in use, after opening it as a video."""
    facts = video_facts(part) if written else None
    if facts is None:
        raise MerflowError(
            target.name,
            "cannot be opened as a video" if written else "is empty",
            "a video that FFmpeg can decode",
            "convert it, for example to MP4; nothing was kept",
        )
    for number in range(1, 10_000):
        stem = target.stem if number == 1 else f"{target.stem}-{number}"
        free = target.with_name(stem + target.suffix)
        try:
            # Unlike a rename, a link refuses a name that is in use.
            os.link(part, free)
        except FileExistsError:
            continue
        except OSError:
            # File systems without links (FAT): the file is created, then replaced.
            try:
                os.close(os.open(free, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.replace(part, free)
        sync_folder(free.parent)
        return free
    raise MerflowError(target.name, "this name is in use 9,999 times", "another name")
