from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from tests.zoo import shared_data

SCRIPT = Path(__file__).parents[2] / "examples" / "ogbl_ncn.py"
TINY = ("--epochs", "1", "--hidden", "8", "--threads", "1")


@pytest.mark.parametrize("model", ["gae", "gae+cn", "ncn", "ncn2", "ncn-diff", "ncnc", "dot"])
def test_every_model_runs_without_a_download(script, capsys, model) -> None:
    script("--model", model, *TINY)
    out = capsys.readouterr().out
    assert "epoch   1" in out and f"digits, {model}," in out and "hits@100  valid" in out


def test_runs_are_logged_and_gone_on_with(script, capsys, tmp_path) -> None:
    arguments = (*TINY, "--runs", "2", "--quiet", "--log", str(tmp_path / "log.jsonl"),
                 "--checkpoint", str(tmp_path / "states"))
    script(*arguments)
    out = capsys.readouterr().out
    assert "±" in out and "epoch   1" not in out
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines] == [0, 1]
    assert lines[0]["config"]["train"]["epochs"] == 1
    assert sorted(path.name for path in (tmp_path / "states").iterdir()) == ["seed-0.pt",
                                                                             "seed-1.pt"]


def test_your_own_edges_with_and_without_features(script, capsys, tmp_path) -> None:
    graph = nx.connected_watts_strogatz_graph(200, 10, 0.1, seed=0)
    edges = tmp_path / "friends.tsv"
    edges.write_text("".join(f"{u}\t{v}\n" for u, v in graph.edges))
    np.save(tmp_path / "people.npy", np.random.default_rng(0).random((200, 5)))
    np.savetxt(tmp_path / "people.csv", np.random.default_rng(0).random((200, 5)), delimiter=",")
    script("--edges", str(edges), *TINY)
    for name in ("people.npy", "people.csv"):
        script("--edges", str(edges), "--features", str(tmp_path / name), *TINY)
    outs = capsys.readouterr().out.split("friends.tsv, ncn, ")
    assert len(outs) == 4
    assert outs[2].split()[0] == outs[3].split()[0] != outs[1].split()[0]  # numbers of parameters
    np.save(tmp_path / "few.npy", np.ones((3, 2)))
    with pytest.raises(SystemExit) as error:
        script("--edges", str(edges), "--features", str(tmp_path / "few.npy"), *TINY)
    assert "expected a row for each of 200 nodes" in str(error.value)



@pytest.mark.parametrize(("arguments", "message"), [
    (("--runs", "0"), "--runs: at least 1"), (("--epochs", "0"), "--epochs: at least 1"),
    (("--edges", "nothing.txt"), "--edges: there is no file"),
    (("--features", "a.npy"), "--features: goes with --edges"),
    (("--dataset", "ogbl-nothing"), "invalid choice"), (("--model", "gcn"), "invalid choice"),
])
def test_arguments_are_checked_first(script, capsys, arguments, message) -> None:
    with pytest.raises(SystemExit) as error:
        script(*arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_cora_trains(script, capsys, tmp_path) -> None:
    shutil.copytree(shared_data("pyg", "Planetoid", "Cora"), tmp_path / "pyg/Planetoid/Cora")
    script("--dataset", "cora", "--root", str(tmp_path), *TINY)
    assert "cora, ncn, " in capsys.readouterr().out


def test_the_table_has_the_papers_numbers_for_every_data_set() -> None:
    settings = runpy.run_path(str(SCRIPT))["SETTINGS"]
    assert set(settings) == {"digits", "cora", "citeseer", "pubmed", "ogbl-collab", "ogbl-ppa",
                             "ogbl-citation2", "ogbl-ddi"}
    rates = {name: (s["train"]["lr"], s["train"]["predictor_lr"], s["train"]["batch_size"])
             for name, s in settings.items()}
    assert rates["cora"] == (0.0043, 0.0024, 1152)
    assert rates["ogbl-ddi"] == (0.0021, 0.0018, 24576)
    assert settings["ogbl-collab"]["train"]["val_edges_as_input"]
    assert settings["ogbl-citation2"]["train"]["hide_targets"] is False
