"""The user's cache, in which verified copies appear all at once."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch(cache: Path) -> Iterator[Path]:
    """Give a folder on the cache's own disk, from which a rename is atomic."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=cache, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        reason = error.strerror or error
        raise DatasetError(f"{cache}: the cache cannot be written ({reason}); set $XDG_CACHE_HOME") from error


def make_readable(folder: Path) -> None:
    """Let every user read what is below `folder`, whatever the umask was: a confined kernel is another one."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o444)
