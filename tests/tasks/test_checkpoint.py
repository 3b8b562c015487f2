from __future__ import annotations

import os
import pickle

import pytest
import torch

from graphlocal import GraphError
from graphlocal.tasks import load_checkpoint, save_checkpoint


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_a_state_comes_back(tmp_path) -> None:
    model = torch.nn.Linear(3, 2)
    path = tmp_path / "deep" / "run.pt"
    save_checkpoint(path, {"model": model.state_dict(), "epoch": 7}, {"lr": 0.1, "sizes": (1, 2)})
    state = load_checkpoint(path, {"sizes": [1, 2], "lr": 0.1})
    assert state["epoch"] == 7
    assert torch.equal(state["model"]["weight"], model.weight)
    assert os.listdir(path.parent) == ["run.pt"]


def test_a_failed_write_leaves_the_old_state(tmp_path, monkeypatch) -> None:
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"epoch": 1}, {})

    def half(content, file) -> None:
        file.write(b"PK")
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, {"epoch": 2}, {})
    assert load_checkpoint(path) == {"epoch": 1}
    assert os.listdir(tmp_path) == ["run.pt"]


def test_other_settings_are_named(tmp_path) -> None:
    save_checkpoint(tmp_path / "run.pt", {}, {"lr": 0.1, "hidden": 16})
    with pytest.raises(GraphError, match=r"lr: 0\.1 there, 0\.2 here"):
        load_checkpoint(tmp_path / "run.pt", {"lr": 0.2, "hidden": 16})
    with pytest.raises(GraphError, match="hidden: 16 there, None here"):
        load_checkpoint(tmp_path / "run.pt", {"lr": 0.1})


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_foreign_file_runs_no_code(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"format": Harmful()}, tmp_path / "torch.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Harmful()))
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "text.pt").write_text("epoch 3")
    torch.save({"weight": torch.ones(2)}, tmp_path / "other.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    whole = tmp_path / "whole.pt"
    save_checkpoint(whole, {"x": torch.ones(1000)}, {})
    (tmp_path / "cut.pt").write_bytes(whole.read_bytes()[:2000])
    for name in ("torch", "plain", "empty", "text", "other", "list", "cut"):
        with pytest.raises(GraphError, match="argument 'checkpoint'"):
            load_checkpoint(tmp_path / f"{name}.pt")
    assert not (tmp_path / "harm").exists()


def test_no_file(tmp_path) -> None:
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(GraphError, match="no file"):
            load_checkpoint(path)


def test_config_must_be_json(tmp_path) -> None:
    with pytest.raises(GraphError, match="argument 'config'"):
        save_checkpoint(tmp_path / "run.pt", {}, {"model": torch.nn.Linear(1, 1)})
    assert not os.listdir(tmp_path)
