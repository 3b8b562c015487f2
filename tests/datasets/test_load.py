"""Published data sets from copies of the real files, with every socket blocked."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from graphlocal.datasets import load, loader, roots
from graphlocal.graph import GraphError
from tests.zoo import shared_data

FOLDERS = {
    "cora": "pyg/Planetoid/Cora", "citeseer": "pyg/Planetoid/CiteSeer",
    "minesweeper": "pyg/HeterophilousGraphDataset/minesweeper", "texas": "pyg/WebKB/texas",
    "chameleon": "pyg/WikipediaNetwork/chameleon", "mutag": "pyg/TUDataset/MUTAG",
    "ptc-mr": "pyg/TUDataset/PTC_MR", "airports-brazil": "pyg/Airports/brazil",
    "ogbg-molesol": "ogb/ogbg_molesol", "ogbl-ddi": "ogb/ogbl_ddi",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(f"socket.socket.{name}", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("builtins.input", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root_with(tmp_path):
    def copy(*names: str, below: str = "root") -> Path:
        for name in names:
            shutil.copytree(shared_data(*FOLDERS[name].split("/")), tmp_path / below
                            / FOLDERS[name], copy_function=shutil.copyfile)
        for folder, _, _ in os.walk(tmp_path / below):
            os.chmod(folder, 0o755)
        return tmp_path / below

    return copy


# Counts are those that PyG's documentation and the papers give, not what this code printed.
@pytest.mark.parametrize(("name", "arguments", "graphs", "nodes", "edges", "features", "classes"), [
    ("Cora", {}, 1, 2708, 10556, 1433, 7),
    ("cora", {"split": "geom-gcn"}, 1, 2708, 10556, 1433, 7),
    ("citeseer", {}, 1, 3327, 9104, 3703, 6),
    ("minesweeper", {}, 1, 10000, 78804, 7, 2),
    ("texas", {}, 1, 183, 325, 1703, 5),
    ("chameleon", {}, 1, 2277, 36101, 2325, 5),
    ("airports-brazil", {}, 1, 131, 1074, 131, 4),
    ("MUTAG", {}, 188, 3371, 7442, 7, 2),
    ("ptc_mr", {"cleaned": True}, 235, 4048, 8448, 16, 2),
])
def test_pyg(root_with, capsys, name, arguments, graphs, nodes, edges, features, classes):
    root = root_with(name.lower().replace("_", "-"))
    for _ in range(2):  # the second load is from the processed files
        dataset = load(name, root, **arguments)
        assert len(dataset) == graphs
        assert dataset._data.num_nodes == nodes and dataset._data.num_edges == edges
        assert (dataset.num_features, dataset.num_classes) == (features, classes)
        assert type(dataset).__module__.startswith("torch_geometric.datasets")
    assert capsys.readouterr().out == ""
    assert not list(root.rglob("*.part*"))


def test_equals_what_pyg_itself_reads(root_with):
    from torch_geometric.datasets import Planetoid

    ours = load("cora", root_with("cora", below="a"))[0]
    theirs = Planetoid(str(root_with("cora", below="b") / "pyg" / "Planetoid"), "Cora")[0]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs.to_dict())
    assert [int(ours[f"{part}_mask"].sum()) for part in ("train", "val", "test")] == [140, 500,
                                                                                      1000]


def test_ogbg(root_with, capsys):
    root = root_with("ogbg-molesol")
    for _ in range(2):
        dataset = load("OGBG-molesol", root)
        assert len(dataset) == 1128
        assert (dataset._data.num_nodes, dataset._data.num_edges) == (14991, 30856)
        assert (dataset.num_features, dataset.num_edge_features) == (9, 3)
        assert {k: len(v) for k, v in dataset.get_idx_split().items()} == {
            "train": 902, "valid": 113, "test": 113}
    assert capsys.readouterr().out == ""
    assert len(pickle.loads(pickle.dumps(dataset))) == 1128


def test_ogbl(root_with):
    root = root_with("ogbl-ddi")
    for _ in range(2):
        dataset = load("ogbl-ddi", root)
        assert (dataset[0].num_nodes, dataset[0].num_edges) == (4267, 2135822)
        split = dataset.get_edge_split()
        sizes = {(part, key): tuple(value.shape) for part, found in split.items()
                 for key, value in found.items()}
        assert sizes == {
            ("train", "edge"): (1067911, 2),
            ("valid", "edge"): (133489, 2), ("valid", "edge_neg"): (101882, 2),
            ("test", "edge"): (133489, 2), ("test", "edge_neg"): (95599, 2)}
    for path in (root / "ogb/ogbl_ddi/split/target").iterdir():
        if path.name.startswith("valid"):
            path.write_bytes(malicious(root / "executed"))
    with pytest.raises(GraphError, match=r"valid\.pt.*not run"):
        dataset.get_edge_split()
    assert not (root / "executed").exists()
    shutil.rmtree(root / "ogb/ogbl_ddi/split/target")
    with pytest.raises(GraphError, match="'split_type'"):
        dataset.get_edge_split()


class _Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def malicious(path: Path) -> bytes:
    """What ``torch.save`` makes of an object that creates ``path`` when it is unpickled."""
    import io

    buffer = io.BytesIO()
    torch.save(({"x": _Touch(path)}, None), buffer)
    return buffer.getvalue()


def test_the_malicious_file_would_run(tmp_path):
    import io

    torch.load(io.BytesIO(malicious(tmp_path / "executed")), weights_only=False)
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("unsafe", ["0", "1"])
@pytest.mark.parametrize(("name", "file"), [
    ("cora", "processed/data.pt"), ("cora", "processed/pre_transform.pt"),
    ("cora", "processed/pre_filter.pt"), ("mutag", "processed/data.pt"),
    ("ogbg-molesol", "processed/geometric_data_processed.pt"),
    ("ogbg-molesol", "split/scaffold/split_dict.pt"),
])
def test_processed_files_are_never_executed(root_with, monkeypatch, name, file, unsafe):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", unsafe)
    root = root_with(name)
    load(name, root)
    path = root / FOLDERS[name] / file
    path.write_bytes(malicious(root / "executed"))
    with pytest.raises(GraphError, match=r"argument 'root'.*not run") as error:
        load(name, root).get_idx_split()
    assert str(path) in str(error.value)
    assert not (root / "executed").exists()
    assert path.exists(), "it was deleted silently"


def test_raw_pickles_are_never_executed(root_with):
    root = root_with("cora")
    path = root / FOLDERS["cora"] / "raw" / "ind.cora.graph"
    path.write_bytes(pickle.dumps({0: _Touch(root / "executed")}))
    with pytest.raises(GraphError, match=r"ind\.cora\.graph.*not run"):
        load("cora", root)
    assert not (root / "executed").exists()


def test_arrays_of_objects_are_never_read(root_with):
    import numpy as np

    root = root_with("minesweeper")
    path = root / FOLDERS["minesweeper"] / "raw" / "minesweeper.npz"
    np.savez(path, **dict.fromkeys(("node_features", "features"),
                                   np.array([_Touch(root / "executed")], object)))
    with pytest.raises(GraphError, match=r"argument 'root'.*minesweeper/raw"):
        load("minesweeper", root)
    raw = root / "pyg/WikipediaNetwork/crocodile/raw"
    raw.mkdir(parents=True)
    shutil.copyfile(path, raw / "crocodile.npz")  # PyG reads this one with allow_pickle=True
    with pytest.raises(GraphError, match="allow_pickle=False"):
        load("crocodile", root)
    assert not (root / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"not a file of torch", b"PK\x03\x04 half an archive"])
def test_damaged_processed_file(root_with, content):
    root = root_with("texas")
    load("texas", root)
    path = root / FOLDERS["texas"] / "processed" / "data.pt"
    path.write_bytes(content)
    with pytest.raises(GraphError, match="move it away") as error:
        load("texas", root)
    assert str(path) in str(error.value)
    load("texas", root, force_reload=True)
    load("texas", root)


def test_processed_file_of_another_structure(root_with):
    root = root_with("mutag")
    load("mutag", root)
    torch.save((1, 2), root / FOLDERS["mutag"] / "processed" / "data.pt")
    with pytest.raises(GraphError, match=r"'mutag'.*move the 'processed' folder away"):
        load("mutag", root)


def test_damaged_raw_file(root_with):
    root = root_with("ogbg-molesol")
    path = root / FOLDERS["ogbg-molesol"] / "raw" / "edge.csv.gz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(GraphError, match=r"ogbg_molesol/raw.*cannot process"):
        load("ogbg-molesol", root)
    assert not list(root.rglob("geometric_data_processed.pt*"))


def test_incomplete_raw_files(root_with):
    root = root_with("cora")
    (root / FOLDERS["cora"] / "raw" / "ind.cora.tx").unlink()
    before = sorted(root.rglob("*"))
    with pytest.raises(GraphError, match=r"without ind\.cora\.tx"):
        load("cora", root)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("layout", ["Planetoid/Cora", "Cora"])
def test_finds_the_layouts_of_pyg_scripts(root_with, tmp_path, layout):
    root = root_with("cora")
    (tmp_path / "mine" / layout).parent.mkdir(parents=True)
    os.rename(root / FOLDERS["cora"], tmp_path / "mine" / layout)
    assert load("cora", str(tmp_path / "mine"))[0].num_nodes == 2708
    assert (tmp_path / "mine" / layout / "processed" / "data.pt").exists()


def test_finds_the_layout_of_ogb_scripts(root_with):
    assert len(load("ogbg-molesol", root_with("ogbg-molesol") / "ogb")) == 1128


def test_processed_files_are_enough(root_with):
    root = root_with("mutag")
    load("mutag", root)
    shutil.rmtree(root / FOLDERS["mutag"] / "raw")
    assert len(load("mutag", root)) == 188


def test_release_note_missing_is_no_question(root_with, caplog):
    root = root_with("ogbg-molesol")
    (root / FOLDERS["ogbg-molesol"] / "RELEASE_v1.txt").unlink()
    assert len(load("ogbg-molesol", root)) == 1128
    assert "update the dataset" in caplog.text
    assert (root / FOLDERS["ogbg-molesol"] / "raw" / "edge.csv.gz").exists()


@pytest.mark.parametrize("name", ["cora", "ogbg-molesol"])
def test_read_only_root_is_copied(root_with, monkeypatch, caplog, tmp_path, name):
    root = root_with(name)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    monkeypatch.setattr(loader, "is_writable", lambda folder: root not in folder.parents)
    for _ in range(2):
        dataset = load(name, root)
        assert len(dataset) == {"cora": 1, "ogbg-molesol": 1128}[name]
        assert Path(dataset.root).is_relative_to(tmp_path / "cache")
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert caplog.text.count("copied to") == 1
    if name.startswith("ogb"):
        assert len(dataset.get_idx_split()["train"]) == 902
    raw = next((root / FOLDERS[name] / "raw").iterdir())
    os.utime(raw, ns=(1, 1))  # another state of the files is another copy
    load(name, root)
    assert caplog.text.count("copied to") == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0,
                    reason="root may write everywhere")
def test_read_only_permissions(root_with):
    root = root_with("texas")
    os.chmod(root / FOLDERS["texas"], 0o555)
    assert load("texas", root)[0].num_nodes == 183


def test_is_writable(tmp_path, monkeypatch):
    assert roots.is_writable(tmp_path / "not" / "there" / "yet")
    assert not (tmp_path / "not").exists()

    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert not roots.is_writable(tmp_path)


def test_read_only_and_processed_needs_no_copy(root_with, monkeypatch, tmp_path):
    root = root_with("cora")
    load("cora", root)
    monkeypatch.setattr(loader, "is_writable", lambda folder: False)
    assert load("cora", root).root == str(root / "pyg" / "Planetoid")
    assert not (tmp_path / "cache").exists()


def test_nowhere_to_write(root_with, monkeypatch):
    monkeypatch.setattr(loader, "is_writable", lambda folder: False)
    monkeypatch.setattr(roots, "is_writable", lambda folder: False)
    with pytest.raises(GraphError, match="argument 'root'"):
        load("cora", root_with("cora"))


@pytest.mark.parametrize(("arguments", "match"), [
    ({"split": "bogus"}, "argument 'split'.*'public'"), ({"splits": "full"}, "'splits'.*split"),
    ({"meta_dict": {}}, "meta_dict"), ({"download": "maybe"}, "'download'"),
    ({"root": 7}, "'root'"), ({"root": __file__}, "'root'.*a folder"),
])
def test_bad_arguments(arguments, match, tmp_path):
    with pytest.raises(GraphError, match=match):
        load("cora", **{"root": tmp_path, **arguments})
    assert not list(tmp_path.rglob("raw"))


def test_default_root(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHLOCAL_DATA", str(tmp_path / "data"))
    assert roots.default_root() == tmp_path / "data"
    monkeypatch.delenv("GRAPHLOCAL_DATA")
    assert roots.default_root() == Path(roots.__file__).parents[2] / "datasets"
    monkeypatch.setattr(roots, "__file__", str(tmp_path / "site-packages" / "a" / "b" / "c.py"))
    assert roots.default_root() == tmp_path / "cache" / "graphlocal" / "datasets"


def test_guard_is_lifted_and_leaves_other_threads_alone(tmp_path):
    import builtins
    import threading

    import numpy as np
    from torch_geometric.data import Data, dataset
    from torch_geometric.io import fs, planetoid

    from graphlocal.datasets.guard import guarded

    before = (torch.load, torch.save, np.load, fs.cp, fs.torch_save, planetoid.pickle)
    allowed = torch.serialization.get_safe_globals()
    assert Data in allowed, "PyG's own registration was undone by an earlier load"
    torch.save(_Plain(), tmp_path / "whole.pt")
    loaded = []

    def other() -> None:
        loaded.append(torch.load(tmp_path / "whole.pt", weights_only=False))

    with pytest.raises(ZeroDivisionError), guarded((dataset,)):
        with pytest.raises(GraphError):
            torch.load(tmp_path / "whole.pt", weights_only=False)
        assert dataset.input("?") == "n"
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        raise ZeroDivisionError
    assert isinstance(loaded[0], _Plain)
    assert set(map(id, allowed)) == set(map(id, torch.serialization.get_safe_globals()))
    assert before == (torch.load, torch.save, np.load, fs.cp, fs.torch_save, planetoid.pickle)
    assert not hasattr(dataset, "input") and builtins.print is print


class _Plain:
    pass


def test_importing_ogb_asks_nobody(root_with):
    root = root_with("ogbg-molesol")
    code = f"""
import socket, sys, threading
asked = []
def refuse(*a, **k):
    asked.append(a)
    raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from graphlocal.datasets import load
load("ogbg-molesol", {str(root)!r})
import ogb.version
for thread in threading.enumerate():
    if thread is not threading.current_thread() and not thread.daemon:
        thread.join()
assert ogb.version.check_outdated is None
assert "outdated" not in sys.modules
print(len(asked))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "0"
