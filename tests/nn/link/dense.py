"""The predictors' definitions, one pair at a time on a dense adjacency matrix."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn

from graphlocal.nn import link


def dense_adjacency(edge_index: Tensor, num_nodes: int, hidden: Tensor | None = None) -> Tensor:
    """Symmetric matrix of zeros and ones, none on the diagonal."""
    matrix = torch.zeros(num_nodes, num_nodes, dtype=torch.float64)
    for value, edges in ((1.0, edge_index), (0.0, hidden)):
        if edges is not None:
            matrix[edges[0], edges[1]] = value
            matrix[edges[1], edges[0]] = value
    return matrix.fill_diagonal_(0.0)


def run(branch: nn.Sequential, x: Tensor, kinds: str) -> Tensor:
    """Layers of a branch by their letters, without dropout: Linear, Normalise, Relu."""
    layers = iter([layer for layer in branch if isinstance(layer, (nn.Linear, nn.LayerNorm))])
    for kind in kinds:
        if kind == "R":
            x = x.clamp(min=0)
            continue
        layer = next(layers)
        if kind == "N":
            variance = x.var(-1, correction=0, keepdim=True)
            x = (x - x.mean(-1, keepdim=True)) / (variance + layer.eps).sqrt()
            x = x * layer.weight + layer.bias
        else:
            x = x @ layer.weight.t() + layer.bias
    assert next(layers, None) is None, "layers left over"
    return x


class Dense:
    """Scores of single pairs by the formulas, with the weights of a predictor."""

    def __init__(self, predictor: nn.Module, adjacency: Tensor) -> None:
        self.p, self.a = predictor, adjacency
        norm = "N" if predictor.layer_norm else ""
        tail = "" if predictor.tail_activation else "L"
        self.of_node = f"LRL{norm}R"
        self.of_overlap = f"LRL{norm}R{tail}"
        self.of_pair = f"L{norm}R{tail}"
        self.of_head = f"L{norm}R" * predictor.num_layers + "L"

    def __call__(self, h: Tensor, pairs: Tensor) -> Tensor:
        scores = [self.score(h, i, j) for i, j in pairs.t().tolist()]
        return torch.cat(scores) if scores else h.new_zeros(0) + 0 * h.sum()

    def transform(self, h: Tensor) -> Tensor:
        if getattr(self.p, "node_branch", None) is None:
            return h
        return h + run(self.p.node_branch, h, self.of_node)

    def score(self, h: Tensor, i: int, j: int) -> Tensor:
        if isinstance(self.p, link.NCNCPredictor):
            return self.completed(h, self.transform(h), i, j, self.p.depth)
        a, p = self.a, self.p
        both, apart = a[i] * a[j], (a[i] - a[j]).abs()
        pair = run(p.pair_branch, h[i] * h[j], self.of_pair)
        if isinstance(p, link.HadamardMLP):
            return run(p.head, pair, self.of_head)
        if isinstance(p, link.OverlapCountPredictor):
            degree = a.sum(1)
            number = sum((both[u] * {
                "count": torch.ones(()).double(),
                "adamic_adar": 1 / degree[u].log() if degree[u] > 1 else torch.zeros(()),
                "resource_allocation": 1 / degree[u].clamp(min=1),
            }[p.weighting] for u in range(len(a))), torch.zeros((), dtype=h.dtype)).view(1)
            if p.combine == "concat":
                return run(p.head, torch.cat([number, pair]), self.of_head)
            inner = run(p.overlap_branch, number, self.of_overlap)
            return run(p.head, p.beta * inner + pair, self.of_head)
        x = self.transform(h)
        hidden = p.beta * run(p.overlap_branch, both @ x, self.of_overlap) + pair
        if isinstance(p, link.NCN2Predictor):
            two = ((a @ a) > 0).to(a.dtype)
            second = (a[i] * two[j]) @ x + (two[i] * a[j]) @ x
            hidden = hidden + run(p.second_branch, second, self.of_overlap)
        if isinstance(p, link.NCNDiffPredictor):
            hidden = hidden + run(p.difference_branch, apart @ x, self.of_overlap)
        return run(p.head, hidden, self.of_head)

    def completed(self, h: Tensor, x: Tensor, i: int, j: int, depth: int) -> Tensor:
        p, a = self.p, self.a
        total = (a[i] * a[j]) @ x
        pt = p.pt
        if p.pt_branch is not None:
            pt = torch.sigmoid(run(p.pt_branch, h[i] * h[j], "LRL"))
        for u, (one, other) in product(range(len(a)) if depth else (), ((i, j), (j, i))):
            if a[one, u] == 0 or a[other, u] == 1 or (u == other and not p.official_quirks):
                continue
            with torch.no_grad():
                inner = (x, self.transform(x)) if p.official_quirks else (h, x)
                likely = torch.sigmoid(p.scale * (
                    self.completed(*inner, other, u, depth - 1) - p.offset))
            total = total + p.alpha * pt * likely / (pt * likely + 1 - likely) * x[u]
        hidden = p.beta * run(p.overlap_branch, total, self.of_overlap)
        hidden = hidden + run(p.pair_branch, h[i] * h[j], self.of_pair)
        return run(p.head, hidden, self.of_head)
