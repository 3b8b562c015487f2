from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.zoo import shared_data

SCRIPT = Path(__file__).parents[2] / "examples" / "graph_transformer.py"
TINY = ("--epochs", "1", "--runs", "1", "--threads", "1")


@pytest.mark.parametrize("model", ["transformer", "gcn", "gin", "gat"])
def test_every_model_runs_without_a_download(script, capsys, model) -> None:
    script("--model", model, *TINY)
    out = capsys.readouterr().out
    assert f"digits, {model}," in out and "Final Test" in out


def test_runs_are_logged_and_gone_on_with(script, capsys, tmp_path) -> None:
    arguments = ("--runs", "2", "--epochs", "2", "--threads", "1", "--hidden", "8", "--log",
                 str(tmp_path / "log.jsonl"), "--checkpoint", str(tmp_path / "states"))
    script(*arguments)
    script(*arguments)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines] == [0, 1]
    assert lines[0]["config"]["kind"] == "transformer"
    assert lines[0]["config"]["model"]["hidden_channels"] == 8
    assert "±" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("--threads", "0"), ("--model", "gat", "--dataset",
                                                            "ogbg-molesol")])
def test_what_makes_no_sense_is_refused(script, capsys, arguments) -> None:
    with pytest.raises(SystemExit):
        script(*arguments)
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["transformer", "gin", "gcn"])
def test_molecules(script, capsys, tmp_path, model) -> None:
    pytest.importorskip("ogb")
    shutil.copytree(shared_data("ogb", "ogbg_molesol"), tmp_path / "ogb" / "ogbg_molesol")
    script("--dataset", "ogbg-molesol", "--model", model, "--root", str(tmp_path),
           "--batch-size", "256", *TINY)
    out = capsys.readouterr().out
    assert "rmse" in out and "Final Test" in out


def test_splits_of_a_real_graph(script, capsys, tmp_path) -> None:
    shutil.copytree(shared_data("pyg", "HeterophilousGraphDataset", "minesweeper"),
                    tmp_path / "pyg" / "HeterophilousGraphDataset" / "minesweeper")
    script("--dataset", "minesweeper", "--root", str(tmp_path), *TINY)
    assert "roc-auc" in capsys.readouterr().out
