"""Hides edges without rebuilding the graph: masks of entries, found by bisection."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..graph import checks
from ..kernels.cpu import links as kernel
from ..kernels.cpu.parallel import row_blocks, run_blocks
from .adjacency import Adjacency
from .arrays import array
from .memory import remember
from .operator import operator
from .simple import SimpleGraph, as_simple

#: Pairs that one thread looks for at a time.
_BLOCK = 1 << 12


def link_mask(graph: Any, pairs: Tensor) -> Tensor:
    """Mask over the entries of a graph that hides the given edges, in both directions.

    What ``exclude=`` of every op on pairs takes, so that one mask serves several calls. Pairs that
    are no edges of the graph are ignored.

    Args:
        graph: What :func:`as_simple` takes.
        pairs: Pairs of nodes, one column each; the order within a pair does not matter.

    Shapes:
        - **pairs:** :math:`(2, Q)`
        - **output:** :math:`(2M)`, boolean: ``False`` at hidden entries of ``as_simple(graph).col``

    Raises:
        GraphError: If the shape, the dtype or a node of ``pairs`` is wrong.

    Example:
        >>> graph = as_simple(torch.tensor([[0, 1], [1, 2]]))
        >>> graph.col.tolist()
        [1, 0, 2, 1]
        >>> link_mask(graph, torch.tensor([[1], [0]])).tolist()
        [False, False, True, True]
    """
    graph = as_simple(graph)
    check_pairs(graph, pairs)
    return hide(*graph, pairs)


def edge_mask(graph: Any, exclude: Tensor, num_nodes: int | None = None) -> Tensor:
    """Mask over the edges of an ``edge_index`` that hides the given pairs, in both directions.

    What an encoder needs to pass messages without the target links: ``edge_index[:, mask]``, the
    mask as weights of a sum, or ``adjacency.select(mask)``. Where each edge stands in the simple
    graph is remembered, so a batch costs one look-up per edge. Self loops are never hidden.

    Args:
        graph: An ``edge_index`` tensor, an ``EdgeIndex`` or an :class:`Adjacency`.
        exclude: Pairs, or a mask of :func:`link_mask` on the same graph.
        num_nodes: As in :func:`as_simple`.

    Shapes:
        - **exclude:** :math:`(2, Q)`, or :math:`(2M)` boolean
        - **output:** :math:`(E)`, boolean, in the order of ``edge_index``

    Raises:
        GraphError: If the graph is neither, or as :func:`link_mask`.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 1, 2, 1], [1, 0, 2, 1, 1]])
        >>> edge_mask(edge_index, torch.tensor([[1], [0]])).tolist()
        [False, False, True, True, True]
    """
    simple = as_simple(graph, num_nodes)
    visible = as_visible(simple, exclude)
    if visible is None:
        checks.fail("exclude", "None", "pairs or a mask", kind=checks.GraphTypeError)
    if isinstance(graph, Adjacency):
        position = remember(tuple(graph), "entry of each edge", lambda: _adjacency_entries(
            graph, simple))
    elif isinstance(graph, Tensor) and graph.layout is torch.strided:
        plain = graph.as_tensor() if hasattr(graph, "as_tensor") else graph
        position = remember(plain, ("entry of each edge", simple.num_nodes),
                            lambda: find_entries(*simple, plain.detach().long()))
    else:
        got = str(graph.layout) if isinstance(graph, Tensor) else type(graph).__name__
        checks.fail("graph", got, "an edge_index or an Adjacency",
                    "other graphs have no edges in an order of their own",
                    kind=checks.GraphTypeError)
    # Self loops are no entries: their -1 takes what is put at the end.
    return torch.cat([visible, visible.new_ones(1)])[position]


def as_visible(graph: SimpleGraph, exclude: Tensor | None, argument: str = "exclude"
               ) -> Tensor | None:
    """Mask of the entries that are to be seen, from pairs, a mask or nothing.

    Example:
        >>> as_visible(as_simple(torch.tensor([[0], [1]])), torch.tensor([[0], [1]])).tolist()
        [False, False]
    """
    if exclude is None:
        return None
    if isinstance(exclude, Tensor) and exclude.dtype is torch.bool:
        if exclude.shape != (graph.num_entries,):
            checks.fail(argument, f"a mask of shape {tuple(exclude.shape)}",
                        f"shape ({graph.num_entries},), one per entry of as_simple(graph)",
                        "make it with link_mask(graph, pairs)")
        if exclude.device != graph.col.device:
            checks.fail(argument, f"a tensor on {exclude.device}",
                        f"one on {graph.col.device}, as 'graph'")
        return exclude
    check_pairs(graph, exclude, argument)
    return hide(*graph, exclude)


def check_pairs(graph: SimpleGraph, pairs: Any, argument: str = "pairs") -> None:
    """Type, shape, dtype, device and, where it can be looked at, range of pairs.

    Example:
        >>> check_pairs(as_simple(torch.tensor([[0], [1]])), torch.tensor([[0, 1, 0]]))
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: argument 'pairs': got shape (1, 3), expected shape \
(2, P) (one column per pair, as PyG's edge_label_index)
    """
    if not isinstance(pairs, Tensor):
        checks.fail(argument, type(pairs).__name__, "a tensor of shape (2, P)",
                    "pass torch.tensor(pairs).t() for a list of pairs", kind=checks.GraphTypeError)
    checks.check_pair_columns(pairs, argument)
    if pairs.device != graph.col.device:
        checks.fail(argument, f"a tensor on {pairs.device}", f"one on {graph.col.device}, as "
                    "'graph'", "move one of them with .to(device)")
    if not torch.compiler.is_compiling():
        check_range(pairs, graph.num_nodes, argument)


def check_range(pairs: Tensor, num_nodes: int, argument: str = "pairs") -> None:
    """Every node of the pairs is one of the graph; kernels trust it.

    Example:
        >>> check_range(torch.tensor([[0], [1]]), 2)
    """
    if pairs.numel():
        low, high = torch.aminmax(pairs)
        checks.check_pair_range(int(low), int(high), num_nodes, argument)


def _hide(rowptr: Tensor, col: Tensor, pairs: Tensor) -> Tensor:
    check_range(pairs, rowptr.shape[0] - 1)
    visible = torch.ones(col.shape, dtype=torch.bool, device=col.device)
    for ends in (pairs, pairs.flip(0)):
        entry = _find_entries(rowptr, col, ends)
        visible[entry[entry >= 0]] = False
    return visible


def _hide_fake(rowptr: Tensor, col: Tensor, pairs: Tensor) -> Tensor:
    return col.new_empty(col.shape, dtype=torch.bool)


hide = operator("link_mask", _hide, _hide_fake)


def _find_entries(rowptr: Tensor, col: Tensor, pairs: Tensor) -> Tensor:
    """Position in ``col`` of the edge between the ends of each pair, -1 where there is none."""
    check_range(pairs, rowptr.shape[0] - 1)
    if col.device.type != "cpu":
        return _find_entries_reference(rowptr, col, pairs)
    left, right = pairs.long().contiguous()
    entry = torch.empty(pairs.shape[1], dtype=torch.int64)
    borders = row_blocks(torch.arange(pairs.shape[1] + 1).numpy(), min_work=_BLOCK)
    run_blocks(kernel.find_entries, borders, array(rowptr), array(col), array(left), array(right),
               array(entry))
    return entry


def _find_entries_reference(rowptr: Tensor, col: Tensor, pairs: Tensor) -> Tensor:
    num_nodes = rowptr.shape[0] - 1
    row = torch.arange(num_nodes, device=col.device).repeat_interleave(rowptr.diff())
    key = row * num_nodes + col
    wanted = pairs[0].long() * num_nodes + pairs[1]
    if key.numel() == 0:
        return torch.full_like(wanted, -1)
    at = torch.searchsorted(key, wanted).clamp_(max=key.shape[0] - 1)
    return torch.where(key[at] == wanted, at, -1)


def _find_entries_fake(rowptr: Tensor, col: Tensor, pairs: Tensor) -> Tensor:
    return pairs.new_empty(pairs.shape[1], dtype=torch.int64)


find_entries = operator("find_entries", _find_entries, _find_entries_fake)


def _adjacency_entries(adjacency: Adjacency, simple: SimpleGraph) -> Tensor:
    target = torch.repeat_interleave(adjacency.degree, output_size=adjacency.num_edges)
    entry = find_entries(*simple, torch.stack([adjacency.col.long(), target]))
    return torch.empty_like(entry).index_copy_(0, adjacency.perm.long(), entry)
