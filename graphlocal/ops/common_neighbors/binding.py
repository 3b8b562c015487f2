"""The fast versions as operators of torch. Lists of nodes have no gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from ...kernels.cpu import common_neighbors as kernel
from ...kernels.cpu import common_neighbors_rest as rest
from ...kernels.cpu import common_neighbors_two_hops as two_hops
from ..arrays import array
from ..links import check_range
from ..memory import remember
from ..operator import operator
from . import reference


def plan(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, pairs: Tensor, part: str
) -> kernel.PairPlan:
    """How kernels go through checked pairs.

    Example:
        >>> rowptr, col = torch.tensor([0, 1, 2]), torch.tensor([1, 0], dtype=torch.int32)
        >>> plan(rowptr, col, None, torch.tensor([[0], [1]]), "both").borders.tolist()
        [0, 1]
    """
    left, right = array(pairs.long())
    return kernel.plan_pairs(array(rowptr), array(col), left, right, part,
                             None if visible is None else array(visible))


def trusted(ptr: Tensor, node: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """Lists that sums over them need not look through.

    Example:
        >>> trusted(torch.tensor([0, 1]), torch.tensor([0]), 1)
        (tensor([0, 1]), tensor([0]))
    """
    remember((node, ptr), ("lists", num_nodes), lambda: True)
    return ptr, node


def _overlap(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, pairs: Tensor, part: str,
    hops: list[int], backend: str,
) -> tuple[Tensor, Tensor]:
    """Sorted nodes of each pair: ``(ptr, node)``."""
    num_nodes = rowptr.shape[0] - 1
    check_range(pairs, num_nodes)
    if backend == "reference":
        ptr, node = reference.common_neighbors(rowptr, col, visible, pairs, part, tuple(hops))
    elif hops == [1, 1]:
        if part == "both":
            arrays = kernel.list_pairs(plan(rowptr, col, visible, pairs, part))
        else:
            shared = plan(rowptr, col, visible, pairs, "both")
            arrays = rest.list_rest(shared, *kernel.list_pairs(shared), part == "left")
        ptr, node = map(torch.from_numpy, arrays)
    else:
        ptr, node = map(torch.from_numpy, two_hops.list_pairs(
            array(rowptr), array(col), *array(pairs.long()), hops,
            None if visible is None else array(visible)))
    return trusted(ptr, node, num_nodes)


def _overlap_fake(rowptr, col, visible, pairs, part, hops, backend):
    length = torch.library.get_ctx().new_dynamic_size()
    return rowptr.new_empty(pairs.shape[1] + 1), col.new_empty(length)


overlap = operator("common_neighbors", _overlap, _overlap_fake)


def _split(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, pairs: Tensor, backend: str
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Three times ``ptr, node``: the shared nodes, those of the first row, those of the second."""
    num_nodes = rowptr.shape[0] - 1
    check_range(pairs, num_nodes)
    if backend == "reference":
        lists = [tensor for part in ("both", "left", "right") for tensor in
                 reference.common_neighbors(rowptr, col, visible, pairs, part)]
    else:
        arrays = rest.split_pairs(plan(rowptr, col, visible, pairs, "both"))
        lists = [torch.from_numpy(array) for array in arrays]
    for k in (0, 2, 4):
        trusted(lists[k], lists[k + 1], num_nodes)
    return tuple(lists)


def _split_fake(rowptr, col, visible, pairs, backend):
    def part():
        length = torch.library.get_ctx().new_dynamic_size()
        return rowptr.new_empty(pairs.shape[1] + 1), col.new_empty(length)

    return *part(), *part(), *part()


split = operator("neighbor_split", _split, _split_fake)


def _counts(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, pairs: Tensor, part: str,
    hops: list[int], backend: str,
) -> Tensor:
    """Number of nodes of each pair."""
    if backend == "reference" or hops != [1, 1]:
        return _overlap(rowptr, col, visible, pairs, part, hops, backend)[0].diff()
    check_range(pairs, rowptr.shape[0] - 1)
    count = kernel.count_pairs(plan(rowptr, col, visible, pairs, part))
    return torch.from_numpy(count)


def _counts_fake(rowptr, col, visible, pairs, part, hops, backend):
    return rowptr.new_empty(pairs.shape[1])


counts = operator("common_neighbor_counts", _counts, _counts_fake)
