"""Names: what is known, how they may be spelled, what an unknown one gets."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from graphlocal.datasets import load, names
from graphlocal.datasets.registry import KNOWN, resolve
from graphlocal.graph import GraphError


def test_every_name_of_ogb_is_known():
    package = Path(importlib.util.find_spec("ogb").submodule_search_locations[0])
    found = []
    for room in ("nodeproppred", "linkproppred", "graphproppred"):
        with (package / room / "master.csv").open() as file:
            found += next(csv.reader(file))[1:]
    known = {source.arguments["name"] for source in KNOWN.values() if source.is_ogb}
    assert set(found) == known


def test_every_class_exists_and_takes_its_arguments():
    import inspect

    import torch_geometric.datasets as classes

    for source in KNOWN.values():
        if source.is_ogb or source.name == "digits":
            continue
        taken = inspect.signature(getattr(classes, source.family).__init__).parameters
        assert "root" in taken and set(source.arguments) <= set(taken), source
        assert set(source.choices) <= set(taken), source


@pytest.mark.parametrize(("spelling", "name"), [
    ("CORA", "cora"), (" cora ", "cora"), ("Roman_Empire", "roman-empire"),
    ("OGBN-papers100m", "ogbn-papers100m"), ("photo", "amazon-photo"), ("ptc_mr", "ptc-mr"),
    ("Imdb-Binary", "imdb-binary"), ("tu:mutag", "mutag"), ("email_eu_core", "email-eu-core"),
])
def test_spellings(spelling, name):
    assert resolve(spelling) is KNOWN[name]
    assert name in names()


def test_exact_case_reaches_the_class():
    assert resolve("ogbn-papers100m").arguments == {"name": "ogbn-papers100M"}
    assert resolve("mutagenicity").arguments == {"name": "Mutagenicity"}
    assert resolve("tu:NotListed_1").arguments == {"name": "NotListed_1"}


@pytest.mark.parametrize(("name", "hint"), [
    ("coar", "'cora'"), ("ogbl-dd", "'ogbl-ddi'"), ("minesweper", "'minesweeper'"),
    ("xyzzyx", "names()"), ("", "names()"), ("tu:../../etc", "letters"), ("tu:", "letters"),
])
def test_unknown_names_get_a_hint(name, hint):
    with pytest.raises(GraphError, match="argument 'name'") as error:
        load(name)
    assert hint in str(error.value)


@pytest.mark.parametrize("name", [None, 3, b"cora"])
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="argument 'name'"):
        load(name)


def test_names_cost_no_torch():
    code = ("import sys; from graphlocal.datasets import names; names(); "
            "print('torch' in sys.modules)")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_karate_is_zacharys():
    with (Path(__file__).parents[2] / "datasets" / "karate.csv").open() as file:
        edges = {(int(u) - 1, int(v) - 1) for u, v in list(csv.reader(file))[1:]}
    assert edges == {tuple(sorted(edge)) for edge in nx.karate_club_graph().edges}
