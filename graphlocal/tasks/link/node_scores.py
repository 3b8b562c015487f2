"""Link prediction seen from each node: how well its own links are ranked among all nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from ...graph.checks import GraphTypeError, check_count, fail
from ...loader.pairs import pair_columns
from .data import LinkData

__all__ = ["node_link_scores", "ranking_scores"]

#: Scores ``[B, N]`` of some nodes ``[B]`` with every node.
ScoreRows = Callable[[Tensor], Tensor]


@torch.no_grad()
def node_link_scores(
    model: nn.Module,
    data: LinkData,
    part: str = "test",
    ks: Sequence[int] = (5, 10, 20, 50, 100),
    *,
    mask_val: bool = True,
    val_edges_as_input: bool = False,
    max_pairs: int = 262_144,
) -> dict[str, Tensor]:
    """Scores of each node's own links among all nodes, for nodes that have links to predict.

    Node by node, all others are ranked by the model's score; its training neighbours and the node
    itself are left out. Memory is that of ``max_pairs`` pairs whatever the size of the graph.

    Args:
        model: With ``encode`` and ``decode``, as those of :mod:`graphlocal.models`.
        data: The split.
        part: Links to be found: ``"val"`` or ``"test"``.
        ks: Lengths of the list at which it is judged.
        mask_val: Whether validation neighbours are left out as well when test links are ranked.
        val_edges_as_input: Whether test links are predicted on the graph of training and
            validation edges.
        max_pairs: Pairs scored at once.

    Shapes:
        - **output:** as :func:`ranking_scores`

    Raises:
        GraphError: If an argument is out of range or a score is NaN.

    Example:
        >>> from graphlocal.datasets import DigitsGraph
        >>> from graphlocal.models import LinkModel
        >>> from graphlocal.nn import GCNConv
        >>> from graphlocal.nn.link import DotPredictor
        >>> digits = DigitsGraph()[0]
        >>> data = LinkData.random(digits.edge_index, x=digits.x)
        >>> model = LinkModel(GCNConv(64, 16), DotPredictor(16))
        >>> scores = node_link_scores(model, data, ks=[10])
        >>> list(scores)
        ['node', 'degree', 'hits@10', 'recall@10', 'precision@10', 'f1@10', 'ndcg@10', 'mrr']
    """
    if part not in ("val", "test"):
        fail("part", repr(part), "'val' or 'test'")
    max_pairs = check_count(max_pairs, "max_pairs", least=1)
    graph = data.full_edge_index if val_edges_as_input and part == "test" else data.edge_index
    known = data.full_edge_index if mask_val and part == "test" else data.edge_index
    was_training = model.training
    model.eval()
    try:
        h = model.encode(data.x, graph)
        rows = _rows_of(model, h, graph, data.num_nodes, max_pairs)
        return ranking_scores(rows, getattr(data, part), data.num_nodes, ks, known=known,
                              batch_size=max(1, max_pairs // data.num_nodes))
    finally:
        model.train(was_training)


@torch.no_grad()
def ranking_scores(
    score_rows: ScoreRows,
    links: Tensor,
    num_nodes: int,
    ks: Sequence[int] = (5, 10, 20, 50, 100),
    *,
    known: Tensor | None = None,
    batch_size: int = 256,
) -> dict[str, Tensor]:
    r"""Hits, recall, precision, F1 and NDCG at K, and MRR, of each node with a link to find.

    A found link's rank counts every other node that scores as high or higher, except those that
    are known and those that are links to be found themselves with lower scores: a constant score
    finds nothing. With :math:`r` the number of links among the first K and :math:`d` of all links,
    recall is :math:`r/d`, precision :math:`r/K`, F1 their harmonic mean; NDCG divides the sum of
    :math:`1/\log_2(\text{rank} + 1)` over links among the first K by the largest it could be; hits
    is 1 for :math:`r > 0`; MRR is 1 over the best rank.

    Args:
        score_rows: Gives scores ``[B, N]`` of nodes ``[B]`` with every node.
        links: Links to be found, undirected: each counts for both of its ends.
        num_nodes: Number of nodes.
        ks: Lengths of the list.
        known: Links that are left out of the ranking, undirected; a node itself always is.
        batch_size: Nodes ranked at once.

    Shapes:
        - **links, known:** :math:`(2, P)`
        - **output:** ``node`` and ``degree``, the number of its links to be found, and the scores:
          :math:`(V)` each

    Raises:
        GraphError: If an argument is out of range, or a score is NaN.

    Example:
        >>> similarity = torch.tensor([[0, 3, 2, 1], [3, 0, 1, 2], [2, 1, 0, 3], [1, 2, 3, 0.0]])
        >>> links = torch.tensor([[0], [2]])
        >>> scores = ranking_scores(lambda nodes: similarity[nodes], links, 4, ks=[1, 2])
        >>> scores["node"].tolist(), scores["hits@1"].tolist(), scores["mrr"].tolist()
        ([0, 2], [0.0, 0.0], [0.5, 0.5])
    """
    num_nodes = check_count(num_nodes, "num_nodes", least=1)
    if not isinstance(ks, Iterable):
        fail("ks", repr(ks), "a list of numbers", kind=GraphTypeError)
    ks = [check_count(k, "ks", least=1) for k in ks]
    links = _both_directions(pair_columns(links, "links", num_nodes), num_nodes)
    if known is None:
        known = links[:, :0]
    known = _both_directions(pair_columns(known, "known", num_nodes), num_nodes)
    node, degree = links[0].unique_consecutive(return_counts=True)
    start = torch.cumsum(degree, 0) - degree
    known_ptr = torch.searchsorted(known[0].contiguous(), torch.arange(
        num_nodes + 1, device=known.device))
    parts: list[dict[str, Tensor]] = []
    for begin in range(0, len(node), check_count(batch_size, "batch_size", least=1)):
        chunk = slice(begin, begin + batch_size)
        nodes, count = node[chunk], degree[chunk]
        own = torch.arange(len(nodes), device=node.device).repeat_interleave(count)
        place = torch.arange(len(own), device=node.device) - (
            torch.cumsum(count, 0) - count).repeat_interleave(count)
        found = links[1, start[begin]:start[begin] + len(own)]
        ranks = _ranks(score_rows(nodes), nodes, own, found, place, known, known_ptr)
        parts.append(_judge(ranks, own, count, place, ks))
    scores = {name: torch.cat([part[name] for part in parts]) if parts else torch.zeros(0)
              for name in (parts[0] if parts else ("mrr",))}
    return {"node": node, "degree": degree, **scores}


def _ranks(scores: Tensor, nodes: Tensor, own: Tensor, found: Tensor, place: Tensor,
           known: Tensor, known_ptr: Tensor) -> Tensor:
    """Ranks, counted from 1, of the links ``(own, found)``, those of a row in ascending order."""
    num_rows, num_nodes = len(nodes), len(known_ptr) - 1
    if scores.shape != (num_rows, num_nodes):
        fail("score_rows", f"shape {tuple(scores.shape)}", f"shape ({num_rows}, {num_nodes})")
    if bool(scores.isnan().any()):
        fail("score_rows", "NaN", "numbers that can be ranked",
             "look for NaN in the features of the nodes")
    if not scores.is_floating_point():
        scores = scores.double()
    value = scores[own, found]
    hidden = torch.zeros_like(scores, dtype=torch.bool)
    begin, stop = known_ptr[nodes], known_ptr[nodes + 1]
    length = stop - begin
    slot = torch.arange(int(length.sum()), device=own.device)
    slot += (begin - (torch.cumsum(length, 0) - length)).repeat_interleave(length)
    hidden[torch.arange(num_rows, device=own.device).repeat_interleave(length),
           known[1, slot]] = True
    hidden[torch.arange(num_rows, device=own.device), nodes] = True
    hidden[own, found] = True
    # Among the links of a node the best comes first; then what is not to be found pushes it down.
    order = torch.argsort(value, descending=True, stable=True)
    order = order[torch.argsort(own[order], stable=True)]
    ordered = scores.masked_fill(hidden, -float("inf")).sort(dim=1).values
    widest = int(place.max()) + 1
    table = value.new_full((num_rows, widest), float("inf"))
    table[own, place] = value[order]
    # What is hidden comes first, and does not count even against a link that scores -inf.
    first = torch.searchsorted(ordered, table).maximum(hidden.sum(dim=1, keepdim=True))
    above = num_nodes - first
    return above[own, place] + 1 + place


def _judge(rank: Tensor, own: Tensor, degree: Tensor, place: Tensor,
           ks: Sequence[int]) -> dict[str, Tensor]:
    rows = len(degree)
    gain = (rank + 1).double().log2().reciprocal()
    best = (place + 2).double().log2().reciprocal()  # what the links' places would give at best
    zero = torch.zeros(rows, dtype=torch.float64, device=rank.device)
    scores: dict[str, Tensor] = {}
    for k in ks:
        among = (rank <= k).double()
        hits = zero.index_add(0, own, among)
        recall, precision = hits / degree, hits / k
        total = (recall + precision).clamp_min(1e-30)
        ideal = zero.index_add(0, own, best * (place < k))
        scores |= {
            f"hits@{k}": (hits > 0).double(), f"recall@{k}": recall, f"precision@{k}": precision,
            f"f1@{k}": 2 * recall * precision / total,
            f"ndcg@{k}": zero.index_add(0, own, gain * among) / ideal}
    scores["mrr"] = rank[place == 0].double().reciprocal()
    return scores


def _both_directions(pairs: Tensor, num_nodes: int) -> Tensor:
    """Both directions, once each, sorted, without loops."""
    pairs = pairs[:, pairs[0] != pairs[1]]
    key = torch.cat([pairs[0] * num_nodes + pairs[1], pairs[1] * num_nodes + pairs[0]]).unique()
    return torch.stack([key // num_nodes, key % num_nodes])


def _rows_of(model: nn.Module, h: Tensor, graph: Tensor, num_nodes: int,
             max_pairs: int) -> ScoreRows:
    """Scores of nodes with all others: one product where they are inner products, else pairs."""
    from ...nn.link import DotPredictor

    if isinstance(getattr(model, "predictor", None), DotPredictor):
        return lambda nodes: h[nodes] @ h.t()
    every = torch.arange(num_nodes, device=h.device)

    def rows(nodes: Tensor) -> Tensor:
        pairs = torch.stack([nodes.repeat_interleave(num_nodes), every.repeat(len(nodes))])
        scores = [model.decode(h, graph, chunk).reshape(-1)
                  for chunk in pairs.split(max_pairs, dim=1)]
        return torch.cat(scores).view(len(nodes), num_nodes)

    return rows
