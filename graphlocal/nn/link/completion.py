"""Neighbours that may be missing: which ones are looked at, and how much they count."""

from __future__ import annotations

import torch
from torch import Tensor

from ...graph import checks

#: Odd constants of 64 bits: the golden ratio's fraction and two found to mix well (splitmix64).
_STEP, _MIX_A, _MIX_B = -7046029254386353131, -4658895280553007687, -7723592293110705685


def alpha_schedule(epoch: int, warmup: int = 5, step: float = 0.1) -> float:
    """How much completed neighbours count in an epoch, where that grows while the network learns.

    Args:
        epoch: The epoch, from 0.
        warmup: Epochs in which they do not count at all. Default: ``5``.
        step: Growth per epoch after that, up to 1. Default: ``0.1``.

    Example:
        >>> [alpha_schedule(epoch) for epoch in (0, 5, 10, 20)]
        [0.0, 0.0, 0.5, 1.0]
    """
    return min(max((epoch - warmup) * step, 0.0), 1.0)


def completion_weight(logit: Tensor, alpha: float, scale: float, offset: float,
                      pt: Tensor | float) -> Tensor:
    r"""Weight of a neighbour that would be common if the scored link were there.

    .. math::
        c = \alpha \, \frac{p_t \, p}{p_t \, p + 1 - p}, \qquad p = \sigma(s (y - o))

    Example:
        >>> completion_weight(torch.zeros(1), 1.0, 1.0, 0.0, 0.5)
        tensor([0.3333])
    """
    p = torch.sigmoid(scale * (logit - offset))
    return alpha * pt * p / (pt * p + 1 - p)


def without(ptr: Tensor, node: Tensor, forbidden: Tensor) -> tuple[Tensor, Tensor]:
    """The lists without the one node each of them must not hold.

    Example:
        >>> without(torch.tensor([0, 2, 3]), torch.tensor([4, 5, 4]), torch.tensor([5, 6]))
        (tensor([0, 1, 2]), tensor([4, 4]))
    """
    keep = node != forbidden.to(node.dtype).repeat_interleave(ptr.diff(), output_size=node.numel())
    before = torch.nn.functional.pad(keep.cumsum(0), (1, 0))
    return before[ptr], node[keep]


def sample_lists(
    ptr: Tensor, node: Tensor, num_samples: int | None, pairs: Tensor, seed: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """At most ``num_samples`` nodes of each list, and the weights that make up for the others.

    Longer lists are drawn from with replacement; a node drawn twice weighs twice as much, so that
    weighted sums have the expectation of the whole list. What is drawn depends on the seed and the
    pair alone, neither on the other pairs nor on their order.

    Args:
        ptr: Borders of the lists.
        node: Nodes, list after list.
        num_samples: Nodes to draw; ``None`` keeps all.
        pairs: What tells the lists apart.
        seed: A number.

    Shapes:
        - **ptr:** :math:`(P + 1)`
        - **node:** :math:`(L)`
        - **pairs:** :math:`(2, P)`
        - **seed:** :math:`()`

    Example:
        >>> ptr, node = torch.tensor([0, 1, 9]), torch.tensor([7, 0, 1, 2, 3, 4, 5, 6, 7])
        >>> ptr, node, weight = sample_lists(ptr, node, 4, torch.tensor([[0, 1], [2, 2]]),
        ...                                  torch.tensor(0))
        >>> len(node) <= 5, weight.sum()
        (True, tensor(9.))
    """
    count = ptr.diff()
    if num_samples is None or node.numel() == 0 or int(count.max()) <= num_samples:
        return ptr, node, None
    long = count > num_samples
    which = long.nonzero().squeeze(1)
    draws = uniform(seed, pairs[0][which, None], pairs[1][which, None],
                    torch.arange(num_samples, device=node.device))  # [P', S]
    length = count[which, None]
    slot = (draws * length).long().clamp_(max=length - 1) + ptr[which, None]
    slot, times = slot.flatten().unique(return_counts=True)  # sorted: list after list
    short = (~long).repeat_interleave(count, output_size=node.numel())
    owner = torch.repeat_interleave(count, output_size=node.numel())
    weight = torch.zeros(node.shape, device=node.device)
    weight[short] = 1.0
    weight[slot] = times * (count[owner[slot]] / num_samples)
    keep = weight > 0
    before = torch.nn.functional.pad(keep.cumsum(0), (1, 0))
    return before[ptr], node[keep], weight[keep]


def uniform(seed: Tensor, *numbers: Tensor) -> Tensor:
    """A number in ``[0, 1)`` for every combination, the same wherever it is asked for.

    Example:
        >>> seed, node = torch.tensor(3), torch.arange(2)
        >>> bool(uniform(seed, node)[1] == uniform(seed, node[1:])[0])
        True
    """
    state = seed.long()
    for number in numbers:
        state = _mix(state + number.long() * _MIX_B + _STEP)
    return (_shift(state, 11)).to(torch.float64) * 2.0**-53


def _mix(z: Tensor) -> Tensor:
    z = (z ^ _shift(z, 30)) * _MIX_A
    z = (z ^ _shift(z, 27)) * _MIX_B
    return z ^ _shift(z, 31)


def _shift(z: Tensor, bits: int) -> Tensor:
    """To the right, filling with zeros, which torch's own shift of signed numbers does not."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def check_samples(value: int | None, argument: str) -> int | None:
    """A number of draws, or ``None``.

    Example:
        >>> check_samples(4, "num_samples")
        4
    """
    return None if value is None else checks.check_count(value, argument, least=1)
