"""Draws of rows that all processes of a training agree on."""

from __future__ import annotations

import torch
from torch import Tensor

from ... import ops


def gather_rows(x: Tensor) -> tuple[Tensor, int]:
    """Rows of all processes, one process after another, and where those of this one start.

    Example:
        >>> gather_rows(torch.ones(2, 1))
        (tensor([[1.],
                [1.]]), 0)
    """
    if ops.num_processes() == 1:
        return x, 0
    total, start = _span(x)
    rows = x.new_zeros(total, *x.shape[1:])
    rows[start : start + x.shape[0]] = x
    return ops.joint_sum(rows), start


def draw_rows(x: Tensor, weight: Tensor, most: int, seed: int, joint: bool = True) -> Tensor:
    """Up to ``most`` different rows, drawn one after another with odds by ``weight``.

    Each row runs for a random time, exponential with its weight for a rate, and the first ones
    win: a process sends its own winners only, and the outcome is that of one process with all
    rows.

    Args:
        x: Rows.
        weight: Odds of the rows; those of weight 0 are never drawn.
        most: How many.
        seed: Of the draw, the same in all processes.
        joint: Whether processes have different rows, rather than all the same.

    Shapes:
        - **x:** :math:`(N, F)`
        - **weight:** :math:`(N)`
        - **output:** :math:`(M, F)`

    Example:
        >>> draw_rows(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0.0, 2.0, 0.0]), 2, 0)
        tensor([[2.]])
    """
    total, start = _span(x) if joint else (x.shape[0], 0)
    generator = torch.Generator().manual_seed(seed)
    time = torch.empty(total, dtype=torch.float64).exponential_(generator=generator)
    time = time[start : start + x.shape[0]].to(x.device) / weight.double()
    time, order = time.topk(min(most, int((weight > 0).sum())), largest=False)
    rows = torch.cat([time[:, None].to(x.dtype), x[order]], dim=1)
    if joint:
        rows = gather_rows(rows)[0]
        rows = rows[rows[:, 0].argsort(stable=True)[:most]]
    return rows[:, 1:]


def _span(x: Tensor) -> tuple[int, int]:
    """Rows of all processes, and how many come before those of this one."""
    if ops.num_processes() == 1:
        return x.shape[0], 0
    size = torch.zeros(ops.num_processes(), dtype=torch.long, device=x.device)
    size[ops.process_rank()] = x.shape[0]
    sizes = ops.joint_sum(size).tolist()
    return sum(sizes), sum(sizes[: ops.process_rank()])
