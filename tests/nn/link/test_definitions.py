"""Scores and gradients are those of the formulas, with and without the authors' quirks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from graphlocal.nn import link
from tests.nn.link.dense import Dense, dense_adjacency
from tests.zoo import ZOO, each_zoo_graph

WIDTH = 5
PLAIN = {"layer_norm": False, "tail_activation": False, "num_layers": 2}
KINDS = {
    "ncn": (link.NCNPredictor, {}),
    "ncn plain": (link.NCNPredictor, {**PLAIN, "node_mlp": False, "beta": 0.7}),
    "ncnc": (link.NCNCPredictor, {"scale": 0.9, "offset": 0.1, "pt": 0.75, "alpha": 1.05}),
    "ncnc plain": (link.NCNCPredictor, {**PLAIN, "scale": 2.0, "offset": -0.3, "chunk_size": 7}),
    "ncnc learned": (link.NCNCPredictor, {"learn_pt": True, "scale": 1.0, "offset": 0.0}),
    "ncnc none": (link.NCNCPredictor, {"depth": 0}),
    "ncn2": (link.NCN2Predictor, {}),
    "ncn diff": (link.NCNDiffPredictor, {"tail_activation": False}),
    "gae": (link.HadamardMLP, {}),
    "count": (link.OverlapCountPredictor, {}),
    "count beside": (link.OverlapCountPredictor, {"combine": "concat"}),
    "adamic adar": (link.OverlapCountPredictor, {"weighting": "adamic_adar"}),
    "allocation": (link.OverlapCountPredictor, {"weighting": "resource_allocation"}),
}
each_kind = pytest.mark.parametrize("kind", list(KINDS))


def make(kind: str, **more: object) -> torch.nn.Module:
    torch.manual_seed(3)
    build, options = KINDS[kind]
    predictor = build(WIDTH, 6, **{**options, **more}).double()
    with torch.no_grad():  # where all biases are what they start as, much goes unseen
        for value in predictor.parameters():
            value.add_(torch.randn_like(value), alpha=0.2)
    return predictor


def case(name: str, num_pairs: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    edges, num_nodes = ZOO[name]
    num_pairs = num_pairs if num_nodes else 0
    generator = torch.Generator().manual_seed(len(name))
    edge_index = torch.from_numpy(edges).long()
    pairs = torch.randint(max(num_nodes, 1), (2, num_pairs), generator=generator)
    pairs = torch.cat([edge_index[:, :2], pairs], dim=1)  # links of the graph among them
    h = torch.randn(num_nodes, WIDTH, dtype=torch.float64, generator=generator)
    return h, edge_index, pairs


def gradients(predictor: torch.nn.Module, h: Tensor, out: Tensor) -> list[Tensor]:
    weight = torch.linspace(-1, 2, out.numel(), dtype=out.dtype)
    inputs = [h, *predictor.parameters()]
    found = torch.autograd.grad((out * weight).sum(), inputs, allow_unused=True)
    return [torch.zeros_like(i) if g is None else g for i, g in zip(inputs, found, strict=True)]


def check(predictor: torch.nn.Module, h: Tensor, edge_index: Tensor, pairs: Tensor,
          exclude: Tensor | None = None) -> None:
    h = h.clone().requires_grad_()
    out = predictor(h, edge_index, pairs, exclude)
    wanted = Dense(predictor, dense_adjacency(edge_index, len(h), exclude))(h, pairs)
    torch.testing.assert_close(out, wanted, rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(gradients(predictor, h, out), gradients(predictor, h, wanted),
                            strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@each_kind
@each_zoo_graph
def test_scores_and_gradients(kind: str, name: str) -> None:
    h, edge_index, pairs = case(name)
    for quirks in (False, True) if "ncnc" in kind else (False,):
        check(make(kind, official_quirks=quirks), h, edge_index, pairs)


@each_kind
def test_with_and_without_lists(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On dense graphs shared neighbours are summed without being listed."""
    monkeypatch.setattr("graphlocal.nn.link.neighbors._SHORT", 0)
    check(make(kind), *case("random", 2))


@each_kind
def test_excluded_links(kind: str) -> None:
    h, edge_index, pairs = case("random")
    check(make(kind), h, edge_index, pairs, exclude=edge_index[:, :20].flip(0))


@pytest.mark.parametrize("quirks", [False, True])
@pytest.mark.parametrize("name", ["complete", "two_components", "directed", "star"])
def test_completion_of_completion(quirks: bool, name: str) -> None:
    check(make("ncnc", official_quirks=quirks, depth=2, chunk_size=3), *case(name, 2))


def test_quirks_differ() -> None:
    """The flag is not idle, and each of its two effects on completion is there."""
    h, edge_index, pairs = case("two_components")
    sane, quirky = (make("ncnc", official_quirks=q)(h, edge_index, pairs) for q in (False, True))
    assert not torch.allclose(sane, quirky)
    plain, quirky = (make("ncnc plain", official_quirks=q, node_mlp=False) for q in (False, True))
    links = edge_index[:, :2]  # only the pair of a node with itself is left to differ
    assert not torch.allclose(plain(h, edge_index, links), quirky(h, edge_index, links))
    hidden = {"exclude": links}
    torch.testing.assert_close(plain(h, edge_index, links, **hidden),
                               quirky(h, edge_index, links, **hidden))


@each_kind
def test_numeric_gradients(kind: str) -> None:
    h, edge_index, pairs = case("two_components", 3)
    predictor = make(kind).eval()
    if isinstance(predictor, link.NCNCPredictor):
        predictor.depth = 0  # no gradient passes through what completion weighs
    names, values = zip(*predictor.named_parameters(), strict=True)

    def run(h: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(predictor, dict(zip(names, weights, strict=True)),
                                          (h, edge_index, pairs))

    inputs = [t.detach().clone().requires_grad_() for t in (h, *values)]
    assert torch.autograd.gradcheck(run, inputs, eps=1e-6, atol=1e-6, fast_mode=True)


def test_dot() -> None:
    h, _, pairs = case("random")
    wanted = (h @ h.t())[pairs[0], pairs[1]]
    torch.testing.assert_close(link.DotPredictor(WIDTH)(h, None, pairs), wanted)
