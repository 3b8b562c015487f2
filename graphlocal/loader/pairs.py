"""Node pairs as the loaders and the training loop hold them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..graph.checks import GraphTypeError, check_bounds, check_pair_columns, fail


def pair_columns(pairs: Any, argument: str, num_nodes: int | None = None) -> Tensor:
    """Node pairs ``[2, P]`` as int64, every node below the number of nodes.

    Raises:
        GraphError: If the shape, the dtype or a node is wrong.

    Example:
        >>> pair_columns([[0, 1], [2, 2]], "pairs", 3)
        tensor([[0, 1],
                [2, 2]])
    """
    try:
        pairs = torch.as_tensor(pairs)
    except (TypeError, ValueError, RuntimeError) as error:
        fail(argument, f"{type(pairs).__name__} ({error})", "a tensor of shape (2, P)",
             kind=GraphTypeError)
    check_pair_columns(pairs, argument)
    if num_nodes is not None and pairs.numel():
        low, high = torch.aminmax(pairs)
        check_bounds(int(low), int(high), argument, num_nodes, "num_nodes")
    return pairs.long()
