"""What must hold whatever the weights: symmetry, batches, randomness, refusals."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch import Tensor

from graphlocal import CSRGraph, GraphError, ops
from graphlocal.graph import GraphTypeError
from graphlocal.nn import link
from graphlocal.nn.link.branches import overlap_branch, run_sparsely
from graphlocal.nn.link.completion import sample_lists, uniform, without
from graphlocal.nn.link.neighbors import Neighbors
from tests.nn.link.test_definitions import KINDS, WIDTH, case, each_kind, make


@each_kind
def test_a_batch_is_its_pairs(kind: str) -> None:
    h, edge_index, pairs = case("hub", 20)
    options = {"eval_num_samples": 2, "chunk_size": 5} if "ncnc" in kind else {}
    predictor = make(kind, **options).eval()
    together = predictor(h, edge_index, pairs)
    alone = torch.cat([predictor(h, edge_index, pair) for pair in pairs.split(1, dim=1)])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)
    assert torch.equal(together, predictor(h, edge_index, pairs))


@each_kind
def test_nothing_depends_on_the_order(kind: str) -> None:
    h, edge_index, pairs = case("random", 12)
    predictor = make(kind)
    wanted = predictor(h, edge_index, pairs)
    order = torch.randperm(len(h))
    place = order.argsort()
    close = {"rtol": 1e-11, "atol": 1e-11}
    for other in (predictor(h[order], place[edge_index], place[pairs]),
                  predictor(h, edge_index, pairs.flip(0)),
                  predictor(h, torch.cat([edge_index, edge_index.flip(0), edge_index], 1), pairs)):
        torch.testing.assert_close(other, wanted, **close)
    forms = (edge_index.int(), ops.as_simple(edge_index, len(h)),
             ops.as_adjacency(edge_index, len(h)), CSRGraph.from_edge_index(edge_index, len(h)))
    for graph in forms:
        assert torch.equal(predictor(h, graph, pairs), wanted)


@each_kind
def test_excluded_links_are_gone(kind: str) -> None:
    h, edge_index, pairs = case("random", 6)
    targets = edge_index[:, :30]
    graph = ops.as_simple(edge_index, len(h))
    row = torch.repeat_interleave(graph.degree)
    mask = ops.link_mask(graph, targets)
    left = torch.stack([row, graph.col.long()])[:, mask]
    assert left.size(1) < graph.num_entries
    predictor = make(kind)
    wanted = predictor(h, left, pairs)
    for exclude in (targets, mask, targets.flip(0)):
        assert torch.equal(predictor(h, edge_index, pairs, exclude), wanted)


@each_kind
def test_no_pairs(kind: str) -> None:
    h, edge_index, _ = case("random")
    h.requires_grad_()
    out = make(kind)(h, edge_index, torch.zeros(2, 0, dtype=torch.long))
    assert out.shape == (0,)
    out.sum().backward()


@each_kind
def test_made_again_from_config(kind: str) -> None:
    predictor = make(kind)
    other = type(predictor)(**json.loads(json.dumps(predictor.config))).double()
    other.load_state_dict(predictor.state_dict())
    h, edge_index, pairs = case("random")
    assert torch.equal(other(h, edge_index, pairs), predictor(h, edge_index, pairs))
    assert repr(other) == repr(predictor)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    other.reset_parameters()
    assert not all(torch.equal(value, before[name]) for name, value in other.state_dict().items())
    if getattr(other, "beta", None) is not None:
        assert other.beta.item() == KINDS[kind][1].get("beta", 1.0)
    copy.deepcopy(predictor)


@each_kind
def test_float32_and_several_scores(kind: str) -> None:
    h, edge_index, pairs = case("random")
    predictor = make(kind)
    wanted = predictor(h, edge_index, pairs)
    out = predictor.float()(h.float(), edge_index, pairs)
    assert out.dtype is torch.float32
    torch.testing.assert_close(out.double(), wanted, rtol=1e-3, atol=1e-4)
    build, options = KINDS[kind]
    if build is link.NCNCPredictor:
        with pytest.raises(GraphError, match="out_channels"):
            build(WIDTH, 6, 3, **options)
    else:
        assert build(WIDTH, 6, 3, **options)(h.float(), edge_index, pairs).shape == (*out.shape, 3)


@pytest.mark.parametrize("official", [False, True])
def test_edge_dropout(official: bool) -> None:
    _, edge_index, _ = case("random")
    neighbors = Neighbors.of(torch.randint(2000, (2, 20000)), 2000)
    torch.manual_seed(0)
    keep = neighbors.drop(0.3, symmetric=not official).keep
    assert abs(keep.double().mean() - 0.7) < 0.02
    back = keep[neighbors._reverse()]
    assert torch.equal(keep, back) is not official
    share = (keep & back).double().mean()
    assert abs(share - (0.49 if official else 0.7)) < 0.02
    hidden = torch.zeros_like(keep)
    assert not Neighbors(neighbors.graph, hidden).drop(0.3, True).keep.any()
    h, edge_index, pairs = case("random", 40)
    predictor = make("ncn", edge_dropout=0.5, official_quirks=official)
    first, second = (predictor(h, edge_index, pairs) for _ in range(2))
    assert not torch.equal(first, second)
    predictor.eval()
    assert torch.equal(predictor(h, edge_index, pairs), predictor(h, edge_index, pairs))


def test_reverse_entries() -> None:
    graph = ops.as_simple(torch.randint(50, (2, 300)), 50)
    row, col = torch.repeat_interleave(graph.degree), graph.col.long()
    back = Neighbors(graph)._reverse()
    assert torch.equal(row[back], col)
    assert torch.equal(col[back], row)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_rows_of_zeros_go_the_short_way(dropout: float) -> None:
    branch = overlap_branch(4, 6, dropout, True, False).double()
    x = torch.randn(40, 4, dtype=torch.float64)
    some = torch.arange(40) % 5 == 0
    x = (x * some[:, None]).requires_grad_()
    outs = []
    for flags in (None, some):
        torch.manual_seed(0)  # noise falls on the same places
        outs.append(run_sparsely(branch, x, flags))
    torch.testing.assert_close(*outs)
    weights = list(branch.parameters())
    for ours, theirs in zip(*(torch.autograd.grad(out.sin().sum(), weights) for out in outs),
                            strict=True):
        torch.testing.assert_close(ours, theirs)
    to_x = [torch.autograd.grad(run_sparsely(branch.eval(), x, flags).sin().sum(), x)[0][some]
            for flags in (None, some)]
    torch.testing.assert_close(*to_x)
    assert run_sparsely(branch, x[:0], some[:0]).shape == (0, 6)


def lists() -> tuple[Tensor, Tensor, Tensor]:
    count = torch.tensor([3, 0, 10, 6])
    ptr = torch.cat([torch.zeros(1, dtype=torch.long), count.cumsum(0)])
    node = torch.cat([torch.arange(c) for c in count.tolist()])
    return ptr, node, torch.tensor([[0, 1, 2, 3], [5, 6, 7, 8]])


def test_samples_stand_for_all() -> None:
    ptr, node, pairs = lists()
    total = torch.zeros(4, 10, dtype=torch.float64)
    rounds = 300
    for seed in range(rounds):
        p, u, weight = sample_lists(ptr, node, 4, pairs, torch.tensor(seed))
        owner = torch.repeat_interleave(p.diff())
        total.index_put_((owner, u), weight.double(), accumulate=True)
        assert (p.diff() <= torch.tensor([3, 0, 4, 4])).all()
        torch.testing.assert_close(torch.zeros(4).index_add(0, owner, weight),
                                   torch.tensor([3.0, 0.0, 10.0, 6.0]))
    wanted = torch.zeros(4, 10, dtype=torch.float64)
    wanted[torch.repeat_interleave(ptr.diff()), node] = 1
    # a weight is binomial times count / samples: its deviation is below 1.3
    assert (total / rounds - wanted).abs().max() < 5 * 1.3 / rounds**0.5
    assert sample_lists(ptr, node, 10, pairs, torch.tensor(0))[2] is None


def test_uniform_numbers() -> None:
    numbers = uniform(torch.tensor(1), torch.arange(300)[:, None], torch.arange(300))
    assert numbers.min() >= 0 and numbers.max() < 1
    counts = torch.histc(numbers, 10, 0, 1)
    assert (counts - 9000).abs().max() < 5 * 9000**0.5
    assert abs(torch.corrcoef(numbers[:, :2].t())[0, 1]) < 0.3


def test_sampling_in_training_and_evaluation() -> None:
    h, edge_index, pairs = case("hub", 20)
    generator = torch.Generator().manual_seed(5)
    predictor = make("ncnc", num_samples=2, eval_num_samples=2, generator=generator)
    first, second = (predictor(h, edge_index, pairs) for _ in range(2))
    assert not torch.equal(first, second)
    generator.manual_seed(5)
    assert torch.equal(first, predictor(h, edge_index, pairs))
    predictor.eval()
    wanted = predictor(h, edge_index, pairs)
    shuffled = torch.randperm(pairs.size(1))
    torch.testing.assert_close(predictor(h, edge_index, pairs[:, shuffled]), wanted[shuffled],
                               rtol=1e-12, atol=1e-12)
    other = make("ncnc", num_samples=2, eval_num_samples=2, seed=1).eval()
    assert not torch.equal(other(h, edge_index, pairs), wanted)
    every = make("ncnc", eval_num_samples=64).eval()(h, edge_index, pairs)
    torch.testing.assert_close(every, make("ncnc").eval()(h, edge_index, pairs))


def test_without() -> None:
    ptr, node = without(torch.tensor([0, 3, 3, 4]), torch.tensor([1, 2, 5, 2]),
                        torch.tensor([2, 2, 3]))
    assert ptr.tolist() == [0, 2, 2, 3]
    assert node.tolist() == [1, 5, 2]


def test_alpha() -> None:
    assert link.alpha_schedule(0) == 0
    assert link.alpha_schedule(7) == pytest.approx(0.2)
    assert link.alpha_schedule(1000) == 1
    h, edge_index, pairs = case("random", 10)
    predictor, plain = make("ncnc"), make("ncn")
    plain.load_state_dict(dict(predictor.named_parameters()))
    predictor.alpha = 0.0
    assert torch.equal(predictor(h, edge_index, pairs), plain(h, edge_index, pairs))


def test_alpha_is_kept_with_the_weights() -> None:
    h, edge_index, pairs = case("random", 10)
    moved, other = make("ncnc"), make("ncnc")
    moved.alpha = 0.3
    expected = moved(h, edge_index, pairs)
    assert not torch.allclose(other(h, edge_index, pairs), expected)
    torch.nn.ModuleList([other]).load_state_dict(torch.nn.ModuleList([moved]).state_dict())
    assert torch.equal(other(h, edge_index, pairs), expected)

    older = dict(make("ncnc").named_parameters())
    moved.load_state_dict(older)
    assert moved.alpha == 0.3
    with pytest.raises(RuntimeError, match="beta"):
        moved.load_state_dict({name: value for name, value in older.items() if name != "beta"})


def test_learned_pt_learns() -> None:
    h, edge_index, pairs = case("random", 10)
    predictor = make("ncnc learned")
    predictor(h, edge_index, pairs).sum().backward()
    assert predictor.pt_branch[-1].weight.grad.abs().sum() > 0
    predictor.reset_parameters()
    assert predictor.pt_branch[-1].bias.item() == pytest.approx(0.0)  # the logit of 0.5


@pytest.mark.parametrize(("change", "match"), [
    ({"pairs": torch.zeros(5, 2, dtype=torch.long)}, r"edge_label_index.*\(2, P\).*\.t\(\)"),
    ({"pairs": torch.zeros(2, 5)}, "edge_label_index"),
    ({"pairs": torch.tensor([[0], [41]])}, "edge_label_index"),
    ({"pairs": torch.tensor([[-1], [0]])}, "edge_label_index"),
    ({"pairs": [[0], [1]]}, "edge_label_index"),
    ({"h": torch.randn(41, WIDTH + 1)}, "'h'.*in_channels"),
    ({"h": torch.zeros(41, WIDTH, dtype=torch.long)}, "'h'"),
    ({"h": torch.randn(3, WIDTH)}, "interval|expected|below|<"),
    ({"graph": torch.zeros(3, 3, dtype=torch.long)}, r"\(2, E\)"),
    ({"graph": None}, "graph"),
    ({"exclude": torch.zeros(5, 2, dtype=torch.long)}, "pairs|exclude"),
    ({"exclude": torch.ones(3, dtype=torch.bool)}, "exclude"),
])
@pytest.mark.parametrize("kind", ["ncn", "ncnc", "count"])
def test_refused(kind: str, change: dict[str, object], match: str) -> None:
    h, graph, pairs = case("random")
    given = {"h": h.float(), "graph": graph, "pairs": pairs, "exclude": None, **change}
    with pytest.raises(GraphError, match=match):
        make(kind).float()(*given.values())


@pytest.mark.parametrize("options", [
    {"dropout": 1.0}, {"dropout": -0.1}, {"edge_dropout": "half"}, {"hidden_channels": 0},
    {"num_layers": -1}, {"depth": -1}, {"depth": 1.5}, {"scale": 0}, {"pt": 0}, {"alpha": -1},
    {"num_samples": 0}, {"chunk_size": 0}, {"pt": 1.0, "learn_pt": True}, {"in_channels": 0},
    {"offset": float("nan")}, {"offset": "3"}, {"beta": float("inf")}, {"generator": 3},
])
def test_refused_arguments(options: dict[str, object]) -> None:
    with pytest.raises(GraphError, match=next(iter(options))):
        link.NCNCPredictor(**{"in_channels": 4, "hidden_channels": 4, **options})
    with pytest.raises(GraphError):
        link.OverlapCountPredictor(4, 4, weighting="katz")
    assert issubclass(GraphTypeError, TypeError)


@pytest.mark.parametrize("kind", ["ncn", "gae", "count"])
def test_compiles(kind: str) -> None:
    h, edge_index, pairs = case("random")
    predictor = make(kind)
    graph = ops.as_simple(edge_index, len(h))
    compiled = torch.compile(predictor, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(h, graph, pairs), predictor(h, graph, pairs))
    mask = ops.link_mask(graph, pairs)
    torch.testing.assert_close(compiled(h, graph, pairs, mask), predictor(h, graph, pairs, mask))
