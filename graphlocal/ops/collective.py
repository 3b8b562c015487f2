"""Sums over the processes of a data-parallel training, gradients included."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def num_processes() -> int:
    """How many processes train one model together: 1 without ``torch.distributed``.

    Example:
        >>> num_processes()
        1
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def process_rank() -> int:
    """Which of these processes this is, counted from 0.

    Example:
        >>> process_rank()
        0
    """
    return dist.get_rank() if num_processes() > 1 else 0


def joint_sum(x: Tensor) -> Tensor:
    r"""Sum of a tensor over all processes, the same in each; with one process, the tensor itself.

    The gradient of every process' share is the sum of the gradients of all: what a loss that is
    itself a sum over processes asks for.

    Args:
        x: Of one shape in all processes, which must all call this.

    Shapes:
        - **x, output:** any

    Example:
        >>> joint_sum(torch.ones(2))
        tensor([1., 1.])
    """
    return x if num_processes() == 1 else _JointSum.apply(x)


class _JointSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        out = x.detach().clone(memory_format=torch.contiguous_format)
        dist.all_reduce(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return _JointSum.apply(grad)
