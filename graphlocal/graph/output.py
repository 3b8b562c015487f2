"""Files appear whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; at the end it takes the place of ``path``.

    When the block fails or is interrupted the temporary file is removed and ``path`` is as it was.
    Pipes and devices are written to directly.

    Args:
        path: The file to make or replace. A link stays a link: what it points to is replaced.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "a.txt") as temporary:
        ...         _ = temporary.write_text("whole")
        ...     os.listdir(folder)
        ['a.txt']
    """
    # Asked of the path itself: what /dev/stdout leads to has a name, but is no place.
    if Path(path).exists() and not Path(path).is_file():
        yield Path(path)
        return
    target = Path(os.path.realpath(path))
    # The suffix stays last: writers go by it.
    writer = f"{os.getpid()}.{threading.get_ident()}"
    temporary = target.with_name(f".{target.stem}.{writer}.part{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        # A full disk says nothing of the file; of the temporary one nobody knows. An error without
        # a number would lose its words for the name.
        if (isinstance(error, OSError) and error.errno is not None
                and error.filename in (None, str(temporary))):
            error.filename = str(path)
        raise
