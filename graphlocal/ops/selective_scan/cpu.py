"""The kernels for the processor, called with tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...kernels.cpu import selective_scan as kernel
from ...kernels.cpu.lanes import WIDTH
from ...kernels.cpu.parallel import run_blocks
from ...kernels.cpu.selective_scan_plan import Plan, count_blocks, make_plan
from ..arrays import array, empty, flat
from ..strided import rows_of

_NOTHING = np.zeros(0, np.float32)
Coefficient = NDArray[np.float32] | tuple[NDArray[np.float32]]


def kept_size(
    shape: torch.Size, states: int, groups: int, split: bool
) -> tuple[int, int, int, int]:
    """Shape of the states kept for the gradient, of which fewer are used the more sequences
    there are.

    Example:
        >>> kept_size(torch.Size([160, 24]), 4, 1, False)
        (2, 10, 4, 16)
    """
    blocks = count_blocks(int(shape[1]), int(groups), split)
    return blocks, shape[0] // kernel.STRIDE, states, WIDTH


def _aligned(size: int, *, zero: bool = False) -> NDArray[np.float32]:
    """Memory where no sixteen numbers lie across the border of two cache lines."""
    raw = (np.zeros if zero else np.empty)(size + WIDTH, np.float32)
    start = -raw.ctypes.data % 64 // 4
    return raw[start : start + size]


def _align(values: NDArray[np.float32]) -> NDArray[np.float32]:
    out = _aligned(values.size)
    out[:] = values.reshape(-1)
    return out


class _Arguments:
    """What both kernels take first."""

    def __init__(
        self, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
        z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
        softplus: bool, reverse: tuple[bool, bool],
    ) -> None:
        self.channels, self.states = A.shape
        self.groups = next((value.shape[1] for value in (B, C) if value.dim() == 3), 1)
        borders = array(ptr)
        self.plan = plan = make_plan(borders, self.channels, self.states, self.groups, reverse)
        self.tasks = range(len(plan.tasks) + 1)
        none = np.zeros(self.channels, np.float32)
        rates = plan.to_lanes(array(A) * np.float32(np.log2(np.e)))
        self.constant = B.dim() == 2, C.dim() == 2
        initial = _NOTHING if initial_state is None else to_states(plan, initial_state)
        self.values = (
            plan.tasks, plan.blocks, borders, *rows_of(u), *rows_of(delta), *rows_of(z),
            _align(rates), self.states, self.groups, self._coefficient(B),
            self._coefficient(C), _align(plan.to_lanes(none if D is None else array(D))),
            _align(plan.to_lanes(none if delta_bias is None else array(delta_bias))),
            softplus, initial)

    def _coefficient(self, value: Tensor) -> Coefficient:
        if value.dim() == 2:
            return (_align(self.plan.to_lanes(array(value))),)
        return flat(value)


def to_states(plan: Plan, states: Tensor) -> NDArray[np.float32]:
    """States ``[S, D, N]`` as the kernels lay them out, flat."""
    return _align(plan.to_lanes(array(states), axis=1))


def _from_states(plan: Plan, states: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(plan.from_lanes(array(states), axis=1)))


def forward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Output, last states, states kept for the gradient; the last two empty unless asked for."""
    *inputs, last, keep = inputs
    u, ptr = inputs[0], inputs[8]
    given = _Arguments(*inputs)
    blocks = len(given.plan.blocks)
    states = (ptr.shape[0] - 1, blocks, given.states, WIDTH)
    y = empty(u.shape, u.dtype)
    end = empty(states if last else (0,), u.dtype)
    shape = kept_size(u.shape, given.states, given.groups, inputs[11][0] != inputs[11][1])
    kept = empty(shape if keep else (0,), u.dtype)
    run_blocks(
        kernel.scan_forward, given.tasks, *given.values, flat(y), u.shape[1], flat(end),
        flat(kept), scratch=lambda: (_aligned(given.plan.widest * given.states * WIDTH),))
    return y, _from_states(given.plan, end) if last else end, kept


def backward(*inputs: Any) -> tuple[Tensor | None, ...]:
    """Gradients of the first ten inputs of :func:`forward`, ``None`` for what was not given."""
    *inputs, kept, grad, grad_state, softplus, reverse = inputs
    given = _Arguments(*inputs, softplus, reverse)
    u, *_, D, z, bias, ptr, initial = inputs
    plan, states = given.plan, given.states
    blocks = len(plan.blocks)
    to_u, to_delta = empty(u.shape, u.dtype), empty(u.shape, u.dtype)
    to_z = empty((0,) if z is None else u.shape, u.dtype)
    make = torch.zeros if plan.has_gaps else empty
    shape = (plan.parts, u.shape[0], given.groups, states)
    to_B, to_C = (make((0,) if constant else shape, dtype=u.dtype) for constant in given.constant)
    sums = _aligned(blocks * plan.ranges * (states + 2) * WIDTH, zero=True)
    fixed = _aligned(blocks * plan.ranges * 2 * states * WIDTH * any(given.constant), zero=True)
    to_initial = empty((0,) if initial is None else
                       (ptr.shape[0] - 1, blocks, states, WIDTH), u.dtype)
    grad_last = _NOTHING if grad_state is None else to_states(plan, grad_state)
    size, longest = states * WIDTH, kernel.LONGEST
    beyond = (WIDTH - 1) * WIDTH

    def scratch() -> tuple[NDArray[np.float32], ...]:
        return (_aligned((longest + 1) * size + beyond), _aligned(longest * size),
                _aligned(2 * longest * WIDTH), _aligned(plan.widest * size),
                _aligned(size + beyond))

    run_blocks(
        kernel.scan_backward, given.tasks, *given.values, flat(kept), *rows_of(grad), grad_last,
        flat(to_u), flat(to_delta), flat(to_z), u.shape[1], flat(to_B), flat(to_C),
        sums, fixed, flat(to_initial), plan.ranges, scratch=scratch)
    total = sums.reshape(blocks, plan.ranges, states + 2, WIDTH).sum(axis=1)
    fixed = fixed.reshape(blocks, plan.ranges, 2, -1, WIDTH).sum(axis=1).swapaxes(0, 1)

    def channels(values: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(plan.from_lanes(values)))

    to_B, to_C = (channels(fixed[i]) if constant else value[0] if plan.parts == 1 else value.sum(0)
                  for i, (constant, value) in enumerate(zip(given.constant, (to_B, to_C),
                                                            strict=True)))
    return (to_u, to_delta, channels(total[:, :states]), to_B, to_C,
            None if D is None else channels(total[:, states]), None if z is None else to_z,
            None if bias is None else channels(total[:, states + 1]), None,
            None if initial is None else _from_states(plan, to_initial))
