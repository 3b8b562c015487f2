"""The neighbours that two nodes share, and those that only one of them has."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from ...graph import checks
from ..dispatch import choose
from ..links import as_visible, check_pairs
from ..simple import SimpleGraph, as_simple
from . import binding

Part = Literal["both", "left", "right"]
Hops = tuple[int, int]


def common_neighbors(
    graph: Any, pairs: Tensor, *, part: Part = "both", exclude: Tensor | None = None,
    hops: Hops = (1, 1),
) -> tuple[Tensor, Tensor]:
    r"""Sorted nodes of :math:`N(i) \cap N(j)`, or of one of the differences, of every pair.

    A pair of a node with itself shares all its neighbours. The ends of a pair that are joined by
    an edge are neighbours like any other: ``exclude`` hides it.

    Args:
        graph: What :func:`~graphlocal.ops.as_simple` takes.
        pairs: Pairs :math:`(i, j)`, one column each.
        part: ``"both"`` for :math:`N(i) \cap N(j)`, ``"left"`` for :math:`N(i) \setminus N(j)`,
            ``"right"`` for :math:`N(j) \setminus N(i)`. (default: ``"both"``)
        exclude: Edges to look away from, as pairs in either direction or as a mask of
            :func:`~graphlocal.ops.link_mask`. (default: ``None``)
        hops: Length of the walks from :math:`i` and from :math:`j`; ``(1, 2)`` is
            :math:`N(i) \cap N^2(j)`, where :math:`N^2` is the support of :math:`A^2`, which holds
            the node itself. Other than ``(1, 1)`` with ``part="both"`` only. (default: ``(1, 1)``)

    Returns:
        ``(ptr, node)``: the nodes of pair ``p`` are ``node[ptr[p]:ptr[p + 1]]``.

    Shapes:
        - **pairs:** :math:`(2, P)`; :math:`(2, 2)` is read as two columns
        - **exclude:** :math:`(2, Q)`, or :math:`(2M)` boolean
        - **output:** :math:`(P + 1)` int64 and :math:`(L)` of the dtype of ``as_simple(graph).col``

    Raises:
        GraphError: If a shape, a dtype, a node or a choice is wrong.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1, 1, 2], [1, 2, 2, 3, 3]])
        >>> ptr, node = common_neighbors(edge_index, torch.tensor([[0, 1], [3, 2]]))
        >>> ptr.tolist(), node.tolist()
        ([0, 2, 4], [1, 2, 0, 3])
    """
    graph, visible, hops = prepare(as_simple(graph), pairs, part, exclude, hops)
    return list_nodes(graph, visible, pairs, part, hops)


def neighbor_split(
    graph: Any, pairs: Tensor, *, exclude: Tensor | None = None
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    r"""The neighbours of every pair in three parts: shared, of :math:`i` only, of :math:`j` only.

    Args:
        graph: What :func:`~graphlocal.ops.as_simple` takes.
        pairs: Pairs :math:`(i, j)`, one column each.
        exclude: As in :func:`common_neighbors`. (default: ``None``)

    Returns:
        ``(both, left, right)``, each ``(ptr, node)`` as :func:`common_neighbors` gives it.

    Shapes:
        - **pairs:** :math:`(2, P)`

    Raises:
        GraphError: As :func:`common_neighbors`.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1, 1], [1, 2, 2, 3]])
        >>> both, left, right = neighbor_split(edge_index, torch.tensor([[0], [1]]))
        >>> both[1].tolist(), left[1].tolist(), right[1].tolist()
        ([2], [1], [0, 3])
    """
    graph, visible, _ = prepare(as_simple(graph), pairs, "both", exclude, (1, 1))
    backend = choose("common_neighbors", pairs.device.type, graph.col.dtype, "list")
    lists = binding.split(*graph, visible, pairs, backend)
    return lists[:2], lists[2:4], lists[4:]


def common_neighbor_counts(
    graph: Any, pairs: Tensor, *, part: Part = "both", exclude: Tensor | None = None,
    hops: Hops = (1, 1),
) -> Tensor:
    """Number of nodes that :func:`common_neighbors` lists for each pair, without listing them.

    Args:
        graph: What :func:`~graphlocal.ops.as_simple` takes.
        pairs: Pairs, one column each.
        part: As in :func:`common_neighbors`. (default: ``"both"``)
        exclude: As in :func:`common_neighbors`. (default: ``None``)
        hops: As in :func:`common_neighbors`. (default: ``(1, 1)``)

    Shapes:
        - **pairs:** :math:`(2, P)`
        - **output:** :math:`(P)`, int64

    Raises:
        GraphError: As :func:`common_neighbors`.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1, 1, 2], [1, 2, 2, 3, 3]])
        >>> common_neighbor_counts(edge_index, torch.tensor([[0, 0], [3, 1]]))
        tensor([2, 1])
    """
    graph, visible, hops = prepare(as_simple(graph), pairs, part, exclude, hops)
    backend = choose("common_neighbors", pairs.device.type, graph.col.dtype, "list")
    return binding.counts(*graph, visible, pairs, part, hops, backend)


def list_nodes(
    graph: SimpleGraph, visible: Tensor | None, pairs: Tensor, part: str, hops: list[int]
) -> tuple[Tensor, Tensor]:
    """:func:`common_neighbors` of what was checked.

    Example:
        >>> import torch
        >>> graph = as_simple(torch.tensor([[0, 0], [1, 2]]))
        >>> list_nodes(graph, None, torch.tensor([[1], [2]]), "both", [1, 1])[1].tolist()
        [0]
    """
    backend = choose("common_neighbors", pairs.device.type, graph.col.dtype, "list")
    return binding.overlap(*graph, visible, pairs, part, hops, backend)


def prepare(
    graph: SimpleGraph, pairs: Tensor, part: str, exclude: Tensor | None, hops: Hops
) -> tuple[SimpleGraph, Tensor | None, list[int]]:
    """Checks what every op on pairs takes.

    Example:
        >>> import torch
        >>> graph = as_simple(torch.tensor([[0], [1]]))
        >>> prepare(graph, torch.tensor([[0], [1]]), "neither", None, (1, 1))
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: argument 'part': got 'neither', expected one of \
'both', 'left', 'right'
    """
    checks.check_choice(part, "part", ("both", "left", "right"))
    hops = checks.check_choice(tuple(hops) if isinstance(hops, list) else hops, "hops",
                               ((1, 1), (1, 2), (2, 1), (2, 2)))
    if hops != (1, 1) and part != "both":
        checks.fail("part", repr(part), f"'both' where hops={hops}")
    check_pairs(graph, pairs)
    return graph, as_visible(graph, exclude), list(hops)
