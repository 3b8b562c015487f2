from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from graphlocal import GraphError
from tests.zoo import shared_data

SCRIPT = Path(__file__).parents[2] / "examples" / "graph_mamba.py"
TINY = ("--epochs", "1", "--runs", "1", "--threads", "1")


@pytest.mark.parametrize("model", ["gmn", "graph-mamba", "lamamba", "gps", "gatedgcn"])
def test_every_model_runs_without_a_download(script, capsys, model) -> None:
    script("--model", model, *TINY)
    out = capsys.readouterr().out
    assert f"digits, {model}," in out and "Final Test" in out


def test_parts_are_left_out_and_runs_logged(script, capsys, tmp_path) -> None:
    log = tmp_path / "log.jsonl"
    script(*TINY, "--set", "bidirectional=False", "local=None", "order=core", "hidden_channels=8",
           "--log", str(log), "--checkpoint", str(tmp_path / "states"))
    (line,) = [json.loads(text) for text in log.read_text().splitlines()]
    model = line["config"]["model"]
    assert model["local"] is None and model["order"] == "core" and not model["bidirectional"]
    first = capsys.readouterr().out
    script(*TINY, "--set", "bidirectional=False", "local=None", "order=core", "hidden_channels=8",
           "--log", str(log), "--checkpoint", str(tmp_path / "states"))
    assert capsys.readouterr().out.splitlines()[-1] == first.splitlines()[-1]
    assert len(log.read_text().splitlines()) == 1


def test_encodings_are_added_to_the_data(script, capsys) -> None:
    script(*TINY, "--set", "encodings={'random_walk_pe': 3, 'topology': 4, 'orbit_counts': 15}")
    assert "digits, gmn," in capsys.readouterr().out
    with pytest.raises(SystemExit, match="error: encodings: 'spectrum' is none of topology, "):
        script(*TINY, "--set", "encodings={'spectrum': 3}")


@pytest.mark.parametrize("arguments", [
    ("--set", "order=size"), ("--root", str(SCRIPT), "--dataset", "minesweeper"),
    ("--batch-size", "32"), ("--set", "encodings=5")])
def test_errors_are_one_line(script, arguments) -> None:
    with pytest.raises(SystemExit, match="error: "):
        script(*TINY, *arguments)


@pytest.mark.parametrize("model", ["gmn", "gatedgcn"])
def test_molecules(script, capsys, tmp_path, model) -> None:
    pytest.importorskip("ogb")
    shutil.copytree(shared_data("ogb", "ogbg_molesol"), tmp_path / "ogb" / "ogbg_molesol")
    script("--dataset", "ogbg-molesol", "--model", model, "--root", str(tmp_path), *TINY,
           "--batch-size", "256", "--set", "hidden_channels=8", "num_layers=1")
    assert f"ogbg-molesol, {model}," in capsys.readouterr().out


def test_the_table_may_name_any_setting_of_the_training(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *TINY])
    example = runpy.run_path(str(SCRIPT))
    example["SETTINGS"]["digits"]["train"]["clip_grad"] = 0
    with pytest.raises(GraphError, match="argument 'clip_grad'"):
        example["main"]()
