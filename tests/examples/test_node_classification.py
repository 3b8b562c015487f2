from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.zoo import shared_data

SCRIPT = Path(__file__).parents[2] / "examples" / "node_classification.py"


@pytest.mark.parametrize("model", ["gcn", "sage", "gin", "mlp"])
def test_every_model_runs_without_a_download(script, capsys, tmp_path, model) -> None:
    script("--model", model, "--runs", "2", "--epochs", "3", "--log", str(tmp_path / "log.jsonl"))
    out = capsys.readouterr().out
    assert f"digits, {model}" in out and "Final Test:" in out and "±" in out
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epochs"] for line in lines] == [3, 3]
    assert lines[0]["config"]["model"] == model


def test_the_deep_network_takes_each_split_in_turn(script, capsys, tmp_path) -> None:
    source = shared_data("pyg", "HeterophilousGraphDataset")
    root = tmp_path / "data"
    shutil.copytree(source / "minesweeper", root / "HeterophilousGraphDataset" / "minesweeper")
    script("--dataset", "minesweeper", "--root", str(root), "--runs", "2", "--epochs", "2",
           "--hidden", "8", "--layers", "2", "--threads", "1",
           "--log", str(tmp_path / "log.jsonl"))
    assert "roc-auc in percent" in capsys.readouterr().out
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["split"] for line in lines] == [0, 1]


@pytest.mark.slow
def test_cora_reaches_what_is_published(script, capsys, tmp_path) -> None:
    """81.5 % of arXiv 1609.02907; a single and shortened run stays near it."""
    source = shared_data("pyg", "Planetoid")
    shutil.copytree(source / "Cora" / "raw", tmp_path / "Planetoid" / "Cora" / "raw")
    script("--dataset", "cora", "--root", str(tmp_path), "--runs", "1", "--epochs", "60",
           "--lr", "0.02", "--threads", "1", "--log", str(tmp_path / "log.jsonl"))
    assert "cora, gcn, 23,063 parameters" in capsys.readouterr().out
    (line,) = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert 0.797 < line["test"] < 0.84


def test_errors_are_one_sentence(script) -> None:
    with pytest.raises(SystemExit, match="error: argument 'runs': got 0"):
        script("--runs", "0")
