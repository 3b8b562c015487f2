from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.zoo import shared_data

SCRIPT = Path(__file__).parents[2] / "examples" / "ogbn_largegt.py"
TINY = ("--epochs", "1", "--hidden", "8", "--centroids", "8", "--tokens", "4", "--threads", "1",
        "--device", "cpu")


@pytest.mark.parametrize("conv", ["full", "local", "global"])
def test_every_kind_runs_without_a_download(script, capsys, conv) -> None:
    script("--conv", conv, *TINY)
    out = capsys.readouterr().out
    assert "epoch   1" in out and f"digits, {conv}," in out and "Final Test" in out


def test_runs_are_logged_and_gone_on_with(script, capsys, tmp_path) -> None:
    np.save(tmp_path / "positions.npy", np.random.default_rng(0).random((3000, 2)))
    arguments = ("--dataset", "synthetic", *TINY, "--runs", "2", "--quiet", "--draw-once",
                 "--token-marks", "--law", "path", "--pos", str(tmp_path / "positions.npy"),
                 "--log", str(tmp_path / "log.jsonl"), "--checkpoint", str(tmp_path / "states"))
    for _ in range(2):
        script(*arguments)
        out = capsys.readouterr().out
        assert "±" in out and "epoch   1" not in out
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines] == [0, 1]
    assert lines[0]["config"]["tokens"] == {"num_tokens": 4, "law": "path", "resample": False}
    np.save(tmp_path / "few.npy", np.ones((3, 2)))
    with pytest.raises(SystemExit, match="expected a row for each of"):
        script(*TINY, "--pos", str(tmp_path / "few.npy"))
    (tmp_path / "text.npy").write_text("1 2 3")
    with pytest.raises(SystemExit, match=r"text\.npy, which numpy cannot read"):
        script(*TINY, "--pos", str(tmp_path / "text.npy"))


@pytest.mark.parametrize(("arguments", "message"), [
    (("--runs", "0"), "--runs: at least 1"), (("--tokens", "0"), "--tokens: at least 1"),
    (("--pos", "nothing.npy"), "--pos: there is no file"),
    (("--dataset", "ogbn-nothing"), "invalid choice"), (("--conv", "gcn"), "invalid choice"),
])
def test_arguments_are_checked_first(script, capsys, arguments, message) -> None:
    with pytest.raises(SystemExit) as error:
        script(*arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_minesweeper_trains(script, capsys, tmp_path) -> None:
    shutil.copytree(shared_data("pyg", "HeterophilousGraphDataset", "minesweeper"),
                    tmp_path / "pyg/HeterophilousGraphDataset/minesweeper")
    script("--dataset", "minesweeper", "--root", str(tmp_path), *TINY)
    assert "roc-auc" in capsys.readouterr().out


def test_the_table_has_the_papers_numbers_for_products() -> None:
    setting = runpy.run_path(str(SCRIPT))["SETTINGS"]["ogbn-products"]
    model, training = setting["model"], setting["train"]
    assert (setting["tokens"]["num_tokens"], model["hidden_channels"], model["heads"]) == (
        100, 256, 2)
    assert (model["global_channels"], model["num_centroids"]) == (64, 4096)
    assert (model["dropout"], model["local_dropout"], model.get("token_marks", False)) == (
        0.5, 0.3, False)
    assert (training["batch_size"], training["eval_batch_size"], training["lr"],
            training["weight_decay"], training["epochs"]) == (1024, 256, 0.001, 0.0, 500)
