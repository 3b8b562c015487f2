"""Downloads: over https, whole or not at all, never too large, and a clear error without them."""

from __future__ import annotations

import gzip
import io
import shutil
import ssl
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from graphlocal.datasets import download, load, loader
from graphlocal.datasets.download import NoDownloadError, fetch
from graphlocal.graph import GraphError
from tests.zoo import shared_data


class Reply(io.BytesIO):
    def __init__(self, content: bytes, length: int | None = None) -> None:
        super().__init__(content)
        size = len(content) if length is None else length
        self.headers = {"Content-Length": str(size)} if size >= 0 else {}


@pytest.fixture
def network(monkeypatch):
    """Addresses and what they hold; every other one cannot be reached."""
    pages: dict[str, bytes | Reply] = {}
    asked: list[str] = []

    def answer(url: str) -> Reply:
        asked.append(url)
        if url not in pages:
            raise urllib.error.URLError(OSError("Name or service not known"))
        page = pages[url]
        return page if isinstance(page, Reply) else Reply(page)

    monkeypatch.setattr(download, "_open", answer)
    monkeypatch.setattr(download, "asked", asked, raising=False)
    monkeypatch.delenv("GRAPHLOCAL_OFFLINE", raising=False)
    return pages


def archive(folder: Path, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, f"{name}/{path.relative_to(folder)}")
    return out.getvalue()


def test_planetoid(network, tmp_path):
    for path in shared_data("pyg", "Planetoid", "Cora", "raw").iterdir():
        network[f"https://github.com/kimiyoung/planetoid/raw/master/data/{path.name}"] = (
            path.read_bytes())
    assert load("cora", tmp_path)[0].num_edges == 10556
    assert sorted(path.name for path in (tmp_path / "pyg/Planetoid/Cora").iterdir()) == [
        "processed", "raw"]
    assert [path.name for path in (tmp_path / "pyg/Planetoid").iterdir()] == ["Cora"]
    network.clear()
    assert load("cora", tmp_path)[0].num_edges == 10556


def test_tu_collection(network, tmp_path):
    folder = shared_data("pyg", "TUDataset", "MUTAG", "raw")
    network["https://www.chrsmrrs.com/graphkerneldatasets/MUTAG.zip"] = archive(folder, "MUTAG")
    assert len(load("mutag", tmp_path)) == 188
    raw = tmp_path / "pyg/TUDataset/MUTAG/raw"
    assert {path.name for path in raw.iterdir()} == {path.name for path in folder.iterdir()}


def test_class_with_plain_files(network, tmp_path):
    folder = shared_data("pyg", "Airports", "brazil", "raw")
    for path in folder.iterdir():
        network[f"https://github.com/leoribeiro/struc2vec/raw/master/graph/{path.name}"] = (
            path.read_bytes())
    assert load("airports-brazil", tmp_path)[0].num_nodes == 131


def test_ogb_over_https(network, tmp_path, capsys):
    folder = shared_data("ogb", "ogbg_molesol")
    network["https://snap.stanford.edu/ogb/data/graphproppred/csv_mol_download/esol.zip"] = (
        archive(folder, "esol"))
    dataset = load("ogbg-molesol", tmp_path)
    assert len(dataset) == 1128 and len(dataset.get_idx_split()["test"]) == 113
    assert [path.name for path in (tmp_path / "ogb").iterdir()] == ["ogbg_molesol"]
    assert capsys.readouterr().out == ""


def test_unwritable_root_downloads_into_the_cache(network, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "root"
    monkeypatch.setattr("graphlocal.datasets.roots.is_writable",
                        lambda folder: not folder.is_relative_to(root))
    folder = shared_data("pyg", "TUDataset", "MUTAG", "raw")
    network["https://www.chrsmrrs.com/graphkerneldatasets/MUTAG.zip"] = archive(folder, "MUTAG")
    assert len(load("mutag", root)) == 188
    network.clear()
    assert len(load("mutag", root)) == 188
    assert not root.exists() and "cannot be written to" in caplog.text


@pytest.mark.parametrize(("name", "expected"), [
    ("pubmed", ["ind.pubmed.x", "ind.pubmed.test.index", "pyg/Planetoid/PubMed/raw",
                "https://github.com/kimiyoung"]),
    ("ogbn-arxiv", ["ogb/ogbn_arxiv", "https://snap.stanford.edu"]),
    ("roman-empire", ["roman_empire.npz", "HeterophilousGraphDataset/roman_empire/raw"]),
    ("actor", ["out1_graph_edges.txt", "pyg/Actor/raw"]),
    ("amazon-photo", ["amazon_electronics_photo.npz", "pyg/Amazon/Photo/raw"]),
    ("coauthor-cs", ["ms_academic_cs.npz"]), ("tu:NoSuch", ["NoSuch_A.txt"]),
    ("cora-full", ["cora.npz"]), ("email-eu-core", ["email-Eu-core.txt"]),
])
def test_offline(network, tmp_path, name, expected):
    with pytest.raises(GraphError, match="argument 'name'") as error:
        load(name, tmp_path)
    for part in (*expected, str(tmp_path), "Name or service not known"):
        assert part in str(error.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not list(tmp_path.rglob(".download*")) and not list(tmp_path.rglob("raw"))


def test_no_means_no(network, tmp_path, monkeypatch):
    with pytest.raises(GraphError, match="download='no'"):
        load("pubmed", tmp_path, download="no")
    monkeypatch.setenv("GRAPHLOCAL_OFFLINE", "1")
    with pytest.raises(GraphError, match="GRAPHLOCAL_OFFLINE"):
        load("ogbn-arxiv", tmp_path, download="yes")
    assert download.asked == []


def test_large_downloads_are_asked_for(network, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGE", 1000)
    network["https://host/file"] = b"x" * 1001
    network["https://host/endless"] = Reply(b"x" * 5000, length=-1)
    for name in ("file", "endless"):
        with pytest.raises(NoDownloadError, match="download='yes'"):
            fetch(f"https://host/{name}", tmp_path / name)
    fetch("https://host/file", tmp_path / "file", "yes")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_large_ogb_is_no_prompt(network, tmp_path):
    url = "https://snap.stanford.edu/ogb/data/nodeproppred/papers100M-bin.zip"
    network[url] = Reply(b"", length=60 << 30)
    with pytest.raises(GraphError, match=r"60\.0 GiB.*download='yes'"):
        load("ogbn-papers100M", tmp_path)
    assert not (tmp_path / "ogb" / "ogbn_papers100M").exists()


def test_broken_off(network, tmp_path):
    network["https://host/file"] = Reply(b"half", length=8)
    with pytest.raises(NoDownloadError, match="4 of 8"):
        fetch("https://host/file", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_interrupted_downloads_leave_nothing(network, tmp_path):
    folder = shared_data("pyg", "Planetoid", "Cora", "raw")
    network["https://github.com/kimiyoung/planetoid/raw/master/data/ind.cora.x"] = (
        (folder / "ind.cora.x").read_bytes())
    with pytest.raises(GraphError, match=r"ind\.cora\.tx"):
        load("cora", tmp_path)
    assert not list(tmp_path.rglob("ind.cora.*"))


def test_not_an_archive(network, tmp_path):
    network["https://www.chrsmrrs.com/graphkerneldatasets/MUTAG.zip"] = b"<html>moved</html>"
    with pytest.raises(GraphError, match="not a zip"):
        load("mutag", tmp_path)
    assert not list(tmp_path.rglob("MUTAG*"))


def test_archive_of_something_else(network, tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("MUTAG/readme.txt", "nothing here")
        file.writestr("../../escaped.txt", "nor here")
    network["https://www.chrsmrrs.com/graphkerneldatasets/MUTAG.zip"] = out.getvalue()
    with pytest.raises(GraphError):
        load("mutag", tmp_path / "root")
    assert not (tmp_path / "escaped.txt").exists() and not (tmp_path.parent
                                                            / "escaped.txt").exists()


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_limit", lambda path: 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(4 << 20))
    with pytest.raises(GraphError, match=r"bomb\.zip"):
        download.extract_zip(str(tmp_path / "bomb.zip"), str(tmp_path))
    with gzip.open(tmp_path / "bomb.gz", "wb") as file:
        file.write(bytes(4 << 20))
    with pytest.raises(GraphError, match=r"bomb\.gz"):
        download.extract_gz(str(tmp_path / "bomb.gz"), str(tmp_path))


def test_gz_lands_in_the_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    with gzip.open(tmp_path / "in" / "a.txt.gz", "wb") as file:
        file.write(b"1 2\n")
    download.extract_gz(str(tmp_path / "in" / "a.txt.gz"), str(tmp_path / "out"))
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"1 2\n"


def test_only_https(network, tmp_path):
    for url in ("ftp://host/file", "file:///etc/hostname"):
        with pytest.raises(NoDownloadError, match="https"):
            fetch(url, tmp_path / "file")
    network["https://host/file"] = b"content"
    fetch("http://host/file", tmp_path / "file")
    assert download.asked == ["https://host/file"]


def test_redirects_stay_on_https():
    handler = download._HttpsRedirects()
    request = urllib.request.Request("https://host/file")
    new = handler.redirect_request(request, None, 302, "Found", {}, "http://other/file")
    assert new.full_url == "https://other/file"
    with pytest.raises(NoDownloadError):
        handler.redirect_request(request, None, 302, "Found", {}, "ftp://other/file")


def test_certificates_and_timeouts(monkeypatch):
    seen = {}

    def open_(self, request, data=None, timeout=None):
        seen["timeout"] = timeout
        seen["context"] = next(handler._context for handler in self.handlers
                               if isinstance(handler, urllib.request.HTTPSHandler))
        raise urllib.error.URLError("refused")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", open_)
    with pytest.raises(urllib.error.URLError):
        download._open("https://host/file")
    assert 0 < seen["timeout"] <= 60
    assert seen["context"].verify_mode == ssl.CERT_REQUIRED and seen["context"].check_hostname


def test_a_faster_process_wins(network, tmp_path, monkeypatch):
    folder = shared_data("pyg", "TUDataset", "MUTAG", "raw")
    network["https://www.chrsmrrs.com/graphkerneldatasets/MUTAG.zip"] = archive(folder, "MUTAG")

    def rename(old: Path, new: Path) -> None:
        shutil.copytree(folder, new, copy_function=shutil.copyfile)
        Path(new).chmod(0o755)
        raise OSError("Directory not empty")

    monkeypatch.setattr(loader.os, "rename", rename)
    assert len(load("mutag", tmp_path)) == 188
