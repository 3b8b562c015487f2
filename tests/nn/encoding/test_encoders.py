"""Encoders against their formulas, and what may not change them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from graphlocal import ops
from graphlocal.graph import GraphError
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.attention import GatedPositionalAttention
from graphlocal.nn.encoding import (
    LaplacianEncoder,
    NodeEncoder,
    StructuralEncoder,
    pair_features,
)
from graphlocal.transforms import AddLaplacianEncoding, AddOrbitCounts, AddRandomWalkEncoding
from tests.ops.graphs import close, zoo

BATCH = torch.tensor([0, 0, 1, 1, 1])


class TestStructuralEncoder:
    def test_is_its_formula(self) -> None:
        torch.manual_seed(0)
        encoder = StructuralEncoder(3, 4, log=True).double()
        counts = torch.randint(-5, 1000, (7, 3))
        values = counts.double().sign() * counts.double().abs().log1p()
        normed = (values - values.mean(0)) / (values.var(0, correction=0) + 1e-5).sqrt()
        lin = encoder.lins[0]
        close(encoder(counts), normed @ lin.weight.t() + lin.bias)

    def test_without_norm_and_with_layers(self) -> None:
        encoder = StructuralEncoder(3, 4, norm=None, num_layers=3, act="tanh")
        x = torch.randn(5, 3)
        first, _, second, _, third = encoder.lins
        torch.testing.assert_close(encoder(x), third(second(first(x).tanh()).tanh()))

    def test_vector_and_hardly_any_nodes(self) -> None:
        encoder = StructuralEncoder(1, 4)
        x = torch.randn(6)
        torch.testing.assert_close(encoder(x), encoder(x[:, None]))
        for count in (0, 1):
            out = encoder(torch.ones(count))
            assert out.shape == (count, 4) and out.isfinite().all()

    @pytest.mark.parametrize("features", [torch.ones(4), torch.ones(4, 2), [1.0], None,
                                          torch.ones(4, 3, dtype=torch.complex64)])
    def test_wrong_features(self, features) -> None:
        with pytest.raises((GraphError, GraphTypeError), match="argument 'features'"):
            StructuralEncoder(3, 4)(features)

    @pytest.mark.parametrize(("kwargs", "match"), [
        ({"in_channels": 0}, "in_channels"), ({"out_channels": 1.5}, "out_channels"),
        ({"norm": "layer"}, "norm"), ({"num_layers": 0}, "num_layers"), ({"act": "no"}, "act"),
        ({"act": None, "num_layers": 2}, "act"), ({"act": 3, "num_layers": 2}, "act"),
    ])
    def test_wrong_arguments(self, kwargs: dict, match: str) -> None:
        with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
            StructuralEncoder(**{"in_channels": 3, "out_channels": 4, **kwargs})


class TestLaplacianEncoder:
    @pytest.mark.parametrize("eigenvalues", [False, True])
    def test_invariant_is_blind_to_signs(self, eigenvalues: bool) -> None:
        torch.manual_seed(0)
        encoder = LaplacianEncoder(4, 6, sign="invariant", eigenvalues=eigenvalues).double()
        position = torch.randn(5, 4, dtype=torch.float64)
        values = torch.rand(5, 4, dtype=torch.float64) if eigenvalues else None
        want = encoder(position, eigenvalues=values)
        for column in range(4):
            signs = torch.ones(4).double()
            signs[column] = -1
            close(encoder(position * signs, eigenvalues=values), want)
        assert not torch.allclose(encoder(position.roll(1, 1), eigenvalues=values), want)

    def test_invariant_is_its_formula(self) -> None:
        encoder = LaplacianEncoder(4, 6, sign="invariant", eigenvalues=True, hidden_channels=3)
        position, values = torch.randn(5, 4), torch.rand(5, 4)
        parts = [encoder.each(torch.stack([position[:, c], values[:, c]], 1))
                 + encoder.each(torch.stack([-position[:, c], values[:, c]], 1)) for c in range(4)]
        want = encoder.lins(torch.cat(parts, 1))
        torch.testing.assert_close(encoder(position, eigenvalues=values), want)

    def test_flips_each_graph_by_itself_in_training(self) -> None:
        torch.manual_seed(0)
        encoder = LaplacianEncoder(3, 3)
        with torch.no_grad():
            encoder.lins[0].weight.copy_(torch.eye(3)), encoder.lins[0].bias.zero_()
        position = torch.randn(5, 3)
        seen, together = set(), 0
        for _ in range(64):
            signs = (encoder(position, BATCH) / position).round()
            assert torch.equal(signs.abs(), torch.ones(5, 3))
            assert (signs[:2] == signs[0]).all() and (signs[2:] == signs[2]).all()
            together += torch.equal(signs[0], signs[2])
            seen.add(tuple(signs[0].tolist()))
        assert len(seen) == 8 and together < 40
        flips = []
        for batch in (BATCH, BATCH.to(torch.uint8), BATCH * 10**15):  # a gap costs nothing
            torch.manual_seed(1)
            flips.append(encoder(position, batch))
        assert torch.equal(flips[0], flips[1]) and torch.equal(flips[0], flips[2])
        assert len((encoder(position) / position).round().unique(dim=0)) == 1
        encoder.eval()
        torch.testing.assert_close(encoder(position, BATCH), position)

    @pytest.mark.parametrize("sign", ["flip", "invariant"])
    def test_hardly_any_nodes(self, sign: str) -> None:
        encoder = LaplacianEncoder(3, 4, sign=sign)
        for count in (0, 1):
            batch = torch.zeros(count, dtype=torch.long)
            assert encoder(torch.ones(count, 3), batch).shape == (count, 4)

    def test_wrong_input(self) -> None:
        encoder = LaplacianEncoder(3, 4)
        position = torch.randn(5, 3)
        for kwargs, match in (({"position": torch.randn(5, 2)}, "position"),
                              ({"eigenvalues": position}, "eigenvalues"),
                              ({"batch": BATCH[:3]}, "batch"), ({"batch": BATCH.float()}, "batch"),
                              ({"batch": BATCH.tolist()}, "batch")):
            with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
                encoder(**{"position": position, **kwargs})
        with pytest.raises(GraphError, match="argument 'eigenvalues'"):
            LaplacianEncoder(3, 4, eigenvalues=True)(position)
        with pytest.raises(GraphError, match="argument 'eigenvalues'"):
            LaplacianEncoder(3, 4, eigenvalues=True)(position, eigenvalues=position[:4])

    @pytest.mark.parametrize("kwargs", [{"sign": "both"}, {"num_layers": 0},
                                        {"sign": "invariant", "num_layers": 1},
                                        {"hidden_channels": 0}])
    def test_wrong_arguments(self, kwargs: dict) -> None:
        with pytest.raises((GraphError, GraphTypeError)):
            LaplacianEncoder(3, 4, **kwargs)


class TestNodeEncoder:
    def test_add_and_concat(self) -> None:
        x, walk, counts = torch.randn(5, 3), torch.rand(5, 4), torch.randint(9, (5, 15))
        for fusion, size in (("add", 8), ("concat", 2)):
            encoder = NodeEncoder(3, 8, {
                "random_walk_pe": StructuralEncoder(4, size),
                "orbits": StructuralEncoder(15, size, log=True)}, fusion=fusion).eval()
            parts = [encoder.lin(x), encoder.encoders["random_walk_pe"](walk),
                     encoder.encoders["orbits"](counts)]
            want = sum(parts) if fusion == "add" else torch.cat(parts, 1)
            got = encoder(x, orbits=counts, random_walk_pe=walk)
            assert got.shape == (5, 8)
            torch.testing.assert_close(got, want)

    @pytest.mark.parametrize("fusion", ["add", "concat"])
    def test_without_features(self, fusion: str) -> None:
        encoder = NodeEncoder(0, 8, {"laplacian_pe": LaplacianEncoder(4, 8)}, fusion=fusion)
        assert encoder(laplacian_pe=torch.randn(5, 4)).shape == (5, 8)

    def test_from_transforms_to_channels(self) -> None:
        """A batch of graphs through transforms and encoders, to gradients."""
        data = []
        for name in ("random", "star", "one_node"):
            edge_index, num_nodes = zoo(name)
            data.append(Data(edge_index=edge_index, num_nodes=num_nodes, x=torch.randn(num_nodes,
                                                                                       3)))
        batch = Batch.from_data_list(data)
        for transform in (AddLaplacianEncoding(4), AddRandomWalkEncoding(6),
                          AddOrbitCounts(log=False, attr="orbits")):
            batch = transform(batch)
        encoder = NodeEncoder(3, 8, {
            "laplacian_pe": LaplacianEncoder(4, 8, sign="invariant"),
            "random_walk_pe": StructuralEncoder(6, 8),
            "orbits": StructuralEncoder(15, 8, log=True)})
        out = encoder(batch.x, batch.batch, laplacian_pe=batch.laplacian_pe,
                      random_walk_pe=batch.random_walk_pe, orbits=batch.orbits)
        assert out.shape == (batch.num_nodes, 8) and out.isfinite().all()
        out.square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())

    def test_reset_parameters(self) -> None:
        encoder = NodeEncoder(3, 8, {"a": LaplacianEncoder(4, 8), "b": StructuralEncoder(2, 8)})
        before = {name: value.clone() for name, value in encoder.state_dict().items()}
        encoder.reset_parameters()
        after = encoder.state_dict()
        assert not any(torch.equal(before[n], after[n]) for n in before if "lin" in n)

    @pytest.mark.parametrize(("args", "kwargs", "match"), [
        ((0, 8), {}, "in_channels"), ((3, 0), {}, "channels"), ((3, 8), {"fusion": "mean"},
                                                                "fusion"),
        ((3, 8, {"a": StructuralEncoder(2, 4)}), {}, "encoders"),
        ((3, 8, {"a": StructuralEncoder(2, 8)}), {"fusion": "concat"}, "encoders"),
        ((0, 8, {"a": StructuralEncoder(2, 4)}), {"fusion": "concat"}, "encoders"),
        ((3, 8, {"a": nn.Linear(2, 4)}), {"fusion": "concat"}, "encoders"),
        ((3, 8, [StructuralEncoder(2, 8)]), {}, "encoders"),
        ((3, 8, {"x": StructuralEncoder(2, 8)}), {}, "encoders"),
        ((3, 8, {"keys": StructuralEncoder(2, 8)}), {}, "encoders"),
        ((3, 8, {"a.b": StructuralEncoder(2, 8)}), {}, "encoders"),
    ])
    def test_wrong_arguments(self, args: tuple, kwargs: dict, match: str) -> None:
        with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
            NodeEncoder(*args, **kwargs)

    def test_wrong_input(self) -> None:
        encoder = NodeEncoder(3, 8, {"a": StructuralEncoder(2, 8)})
        x, a = torch.randn(5, 3), torch.randn(5, 2)
        for given, match in (((x[:, :2], a), "x"), ((x, None), "a"), ((x, a[:3]), "a"),
                             ((None, a), "x")):
            with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
                encoder(given[0], a=given[1])
        with pytest.raises(GraphError, match="argument 'b'"):
            encoder(x, a=a, b=a)


class TestPairFeatures:
    def test_is_its_formula(self) -> None:
        edge_index, num_nodes = zoo("hub")
        place = torch.rand(num_nodes, 3, dtype=torch.float64)
        pairs = ops.hop_neighbors(edge_index, [0, 1, 2], num_nodes)
        got = pair_features(pairs, edge_index, place)
        degree = edge_index[1].bincount(minlength=num_nodes).double().log1p()
        for row, (j, i) in list(zip(got, pairs.edge_index.t().tolist(), strict=True))[::50]:
            want = torch.cat([torch.stack([degree[j], (degree[j] - degree[i]).abs()]),
                              (place[j] - place[i]).abs()])
            close(row, want)

    def test_serves_the_layer(self) -> None:
        edge_index, num_nodes = zoo("random")
        layer = GatedPositionalAttention(4, 8, 2, pair_dim=2)
        pairs = layer.neighbors(edge_index, num_nodes)
        adjacency = ops.as_adjacency(edge_index, num_nodes)
        out = layer(torch.randn(num_nodes, 4), pairs, pair_features(pairs, adjacency))
        out.sum().backward()
        assert layer.lin_pair.weight.grad.any()

    def test_wrong_input(self) -> None:
        edge_index = torch.tensor([[0, 1], [1, 2]])
        pairs = ops.hop_neighbors(edge_index, 1)
        with pytest.raises(GraphError):
            pair_features(pairs, edge_index[:, :1])
        for features in (torch.ones(3, 2).long(), 3):
            with pytest.raises((GraphError, GraphTypeError), match="argument 'features'"):
                pair_features(pairs, edge_index, features)
        with pytest.raises(GraphTypeError, match="argument 'pairs': got Tensor"):
            pair_features(edge_index, edge_index)
