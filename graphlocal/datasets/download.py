"""Fetching over https only: certificates checked, a timeout on every read, sizes capped, never a
prompt, never half a file taken for a whole one."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import ssl
import urllib.parse
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal

from ..graph.checks import fail

logger = logging.getLogger(__name__)

Download = Literal["auto", "yes", "no"]

#: Seconds without a byte after which a download is given up.
TIMEOUT = 60.0
#: Bytes above which ``download="yes"`` is asked for.
LARGE = 1 << 30
#: An archive may grow by this factor; the text files that graphs come in grow by about ten.
MAX_GROWTH = 100


class NoDownloadError(OSError):
    """The network may not be asked, or what it offers may not be taken; the text says why."""


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> Any:
        return super().redirect_request(req, fp, code, msg, headers, _https(newurl))


def _https(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise NoDownloadError(f"{url} is not an https address")
    return urllib.parse.urlunsplit(parts._replace(scheme="https"))


def _open(url: str) -> Any:
    handler = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    return urllib.request.build_opener(handler, _HttpsRedirects).open(url, timeout=TIMEOUT)


def fetch(url: str, path: Path, download: Download = "auto") -> None:
    """Downloads one file over https; ``path`` appears only when it is whole.

    Raises:
        OSError: Soon, where the address cannot be reached, breaks off, or holds more than a
            gibibyte and ``download`` is not ``"yes"``.
    """
    url = _https(url)
    if download == "no":
        raise NoDownloadError(f"{url}: download='no'")
    if os.environ.get("GRAPHLOCAL_OFFLINE", "0").lower() not in ("", "0", "false", "no"):
        raise NoDownloadError(f"{url}: GRAPHLOCAL_OFFLINE is set")
    logger.info("downloading %s", url)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    digest, seen = hashlib.sha256(), 0
    try:
        with _open(url) as response, part.open("wb") as out:
            length = int(response.headers.get("Content-Length") or 0)
            _check_size(url, length, download)
            while chunk := response.read(1 << 20):
                seen += len(chunk)
                _check_size(url, seen, download)
                digest.update(chunk)
                out.write(chunk)
        if seen < length:
            raise NoDownloadError(f"{url} broke off after {seen} of {length} bytes")
        os.replace(part, path)
    except NoDownloadError:
        raise
    except (OSError, HTTPException) as error:
        raise NoDownloadError(f"{url}: {getattr(error, 'reason', error)}") from error
    finally:
        part.unlink(missing_ok=True)
    logger.info("downloaded %s: %d bytes, sha256 %s", path.name, seen, digest.hexdigest())


def _check_size(url: str, size: int, download: Download) -> None:
    if size > LARGE and download != "yes":
        raise NoDownloadError(f"{url} holds {size / 2**30:.1f} GiB or more: pass download='yes' "
                              "to fetch more than one")


def fetch_into(url: str, folder: str, download: Download = "auto") -> str:
    """Downloads one file into a folder under its own name; the path it has there."""
    path = Path(folder) / urllib.parse.urlsplit(url).path.rpartition("/")[2]
    fetch(url, path, download)
    return str(path)


def extract_zip(path: str, folder: str, log: bool = True) -> None:
    """Unpacks an archive below ``folder``; refuses one that grows beyond reason."""
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _limit(path):
            _refuse(path)
        archive.extractall(folder)  # strips leading slashes and '..' from the names itself


def extract_gz(path: str, folder: str, log: bool = True) -> None:
    """Unpacks one ``.gz`` file into ``folder``; refuses one that grows beyond reason."""
    left = _limit(path)
    with gzip.open(path) as source, (Path(folder) / Path(path).stem).open("wb") as out:
        while chunk := source.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                _refuse(path)
            out.write(chunk)


def _limit(path: str) -> int:
    return MAX_GROWTH * max(os.path.getsize(path), 1 << 16)


def _refuse(path: str) -> None:
    fail("name", f"the archive {path}, which unpacks to more than {MAX_GROWTH} times its size",
         "a data set", "do not trust where it came from")


def copy_from_url(url: str, folder: str, extract: bool, download: Download) -> None:
    """Downloads one file into a folder and, if told to, unpacks it there."""
    path = fetch_into(url, folder, download)
    if extract:
        try:
            extract_zip(path, folder)
        finally:
            os.unlink(path)
