# SPDX-License-Identifier: Apache-2.0
"""The cache folder: things that are expensive to make and safe to delete, each under a key of what it was made from.

It lies in `HWGEN_CACHE`, else in `hwgen` inside the XDG cache folder. An entry appears whole or not at all, also with
several processes at work. When the cache grows over its limit the entries that were used longest ago go.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

DEFAULT_LIMIT_MB = 2048
_UNFINISHED = "unfinished-"
_IN_USE_SECONDS = 3600


def cache_root() -> Path:
    """The cache folder; it need not exist."""
    if folder := os.environ.get("HWGEN_CACHE"):
        return Path(folder).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "hwgen"


def cached(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder `kind`/`key` of the cache, filled by `make(folder)` unless it is there already.

    `make` fills a temporary folder that is renamed when it is complete. If it raises, nothing stays behind.
    """
    entry = cache_root() / kind / key
    if not entry.is_dir():
        entry.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
        try:
            make(unfinished)
            _publish(unfinished, entry)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        trim_cache()
    with contextlib.suppress(OSError):  # a read-only cache still serves
        os.utime(entry)
    return entry


def _publish(unfinished: Path, entry: Path) -> None:
    unfinished.chmod(0o755)
    try:
        unfinished.rename(entry)
    except OSError:
        if not entry.is_dir():  # otherwise another process was faster and its entry is as good
            raise


def cache_size() -> int:
    """Bytes that the whole cache takes."""
    return sum(_size(entry) for entry in _entries())


def trim_cache(limit: int | None = None) -> None:
    """Delete the entries used longest ago until the cache is at most `limit` bytes (default: `HWGEN_CACHE_LIMIT_MB`).

    Entries used within the last hour stay: another process may be reading them.
    """
    if limit is None:
        limit = int(os.environ.get("HWGEN_CACHE_LIMIT_MB", DEFAULT_LIMIT_MB)) << 20
    now = time.time()
    aged = sorted((entry.stat().st_mtime, _size(entry), entry) for entry in _entries())
    total = sum(size for _, size, _ in aged)
    for used, size, entry in aged:
        abandoned = entry.name.startswith(_UNFINISHED)
        if now - used > _IN_USE_SECONDS and (total > limit or abandoned):
            shutil.rmtree(entry, ignore_errors=True)
            total -= size


def clean_cache() -> int:
    """Delete everything in the cache; the bytes that were freed."""
    size = cache_size()
    for entry in list(_entries()):
        shutil.rmtree(entry, ignore_errors=True)
    return size


def _entries() -> Iterator[Path]:
    """Every entry: the folders two levels below the root. Nothing else in the root is touched."""
    root = cache_root()
    for kind in sorted(root.iterdir()) if root.is_dir() else ():
        if kind.is_dir():
            yield from (entry for entry in sorted(kind.iterdir()) if entry.is_dir())


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # deleted meanwhile by another process
            total += path.lstat().st_size
    return total
