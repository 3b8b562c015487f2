"""Run in a process of its own, as :mod:`.interpreted` is: selective scans against definitions."""

from __future__ import annotations

from tests.kernels.gpu import interpreter  # noqa: F401  isort: skip

import importlib
import sys
from typing import Any

import torch

from graphlocal.kernels.gpu import selective_scan as kernel
from graphlocal.kernels.gpu import selective_scan_backward

# The function of that name hides the package from an import statement.
package = importlib.import_module("graphlocal.ops.selective_scan")
reference = importlib.import_module("graphlocal.ops.selective_scan.reference")

LENGTHS = [0, 1, 2, 15, 0, 16, 17, 70]
FORWARDS, BACKWARDS, BOTH = (False, False), (True, True), (False, True)


plain_memory = torch.Tensor.new_empty


def poisoned_memory(self: torch.Tensor, *shape: Any, **kwargs: Any) -> torch.Tensor:
    """What nobody has written yet reads as not a number, so what a kernel forgets shows."""
    out = plain_memory(self, *shape, **kwargs)
    return out.fill_(torch.nan) if out.is_floating_point() else out


def draw(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def inputs(lengths: list[int], channels: int, states: int, groups: int, fixed: str,
           without: str) -> list[torch.Tensor | None]:
    ptr = torch.tensor([0, *lengths]).cumsum(0)
    rows = int(ptr[-1])

    def coefficient(name: str, seed: int) -> torch.Tensor:
        shape = (channels,) if name in fixed else (rows, groups)
        return draw(*shape, states, seed=seed)

    given = {
        "u": draw(rows, channels, seed=0), "delta": draw(rows, channels, seed=1),
        "A": -draw(channels, states, seed=2).exp(), "B": coefficient("B", 3),
        "C": coefficient("C", 4), "D": draw(channels, seed=5), "z": draw(rows, channels, seed=6),
        "bias": draw(channels, seed=7), "ptr": ptr,
        "initial": draw(len(lengths), channels, states, seed=8)}
    return [None if name in without.split() else value for name, value in given.items()]


def check(lengths: list[int], channels: int = 6, states: int = 3, groups: int = 1, *,
          fixed: str = "", without: str = "", reverse: tuple[bool, bool] = FORWARDS,
          softplus: bool = True, shift: float = 0.0, wide: bool = False,
          share: float = 3e-6) -> None:
    """Values and every gradient, within a share of the largest."""
    given = inputs(lengths, channels, states, groups, fixed, without)
    given[1] = given[1] + shift if softplus else given[1].abs() * 0.3
    if wide:  # parts of wider rows, the rest of which is not a number
        given = [torch.cat([x, x * torch.nan], 1)[:, :channels] if i in (0, 1, 6) else x
                 for i, x in enumerate(given)]
    leaves = [x.double().requires_grad_() if x is not None and x.is_floating_point() else x
              for x in given]
    expected = reference.selective_scan(*leaves, softplus, reverse)
    upper = [draw(*x.shape, seed=10 + i) for i, x in enumerate(expected)]
    gradients = torch.autograd.grad(
        expected, [x for x in leaves if x is not None and x.is_floating_point()],
        [g.double() for g in upper], allow_unused=True, materialize_grads=True)
    y, last, kept = kernel.scan(*given, softplus, reverse, True, True)
    found = selective_scan_backward.scan_backward(*given, kept, *upper, softplus, reverse)
    found = [y, last, *(x for x in found if x is not None)]
    for place, (mine, theirs) in enumerate(zip(found, [*expected, *gradients], strict=True)):
        assert mine.shape == theirs.shape, place
        if mine.numel():
            worst = (mine.double() - theirs).abs().max()
            assert worst <= share * theirs.abs().max().clamp(min=1e-3), (place, worst)


def check_op() -> None:
    """The op as torch sees it, bound to these kernels: half precision, last state, gradients of
    first and second order, one graph for a compiler."""
    def call(*values: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return package.selective_scan(*values, reverse="both", return_last_state=True,
                                      delta_softplus=True)

    shapes = ((1, 5, 4), (1, 5, 4), (4, 3), (1, 5, 3), (1, 5, 2, 3))
    values = [draw(*shape, seed=seed).requires_grad_() for seed, shape in enumerate(shapes)]
    plain, found = package.choose, []
    for choice, numbers in ((lambda *_: "gpu", values), (plain, [x.double() for x in values])):
        package.choose = choice
        try:
            outputs = call(*numbers)
            first = torch.autograd.grad(sum((x**2).sum() for x in outputs), values,
                                        create_graph=True)
            second = torch.autograd.grad(first[1].square().sum(), values)
            found.append([*outputs, *first, *second])
            if numbers is values:
                half = call(*(x.detach().bfloat16() for x in values))
                compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
                again = compiled(*values)
                gradients = torch.autograd.grad(sum((x**2).sum() for x in again), values)
                for one, other in zip((*outputs, *first), (*again, *gradients), strict=True):
                    torch.testing.assert_close(one, other)
        finally:
            package.choose = plain
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine.double(), theirs.double(), rtol=1e-4, atol=1e-4)
    assert (half[0].dtype, half[1].dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(half[0].double(), found[1][0].double(), rtol=0.1, atol=0.1)


CASES = {
    "packed": lambda: check(LENGTHS),
    "backwards": lambda: check(LENGTHS, 4, 3, reverse=BACKWARDS, wide=True),
    "both ways": lambda: check([0, 1, 18], 6, 3, 3, reverse=BOTH),
    "groups": lambda: check([9, 3], 8, 5, 2, reverse=BOTH, without="z"),
    "constant": lambda: check([19, 3], 4, 3, fixed="BC", reverse=BOTH),
    "constant B": lambda: check([19, 2], 6, 3, 2, fixed="B", without="D bias"),
    "bare": lambda: check([18], 3, 1, without="D z bias initial", softplus=False),
    "one": lambda: check([1], 1, 1),
    "vanishing steps": lambda: check([18], 2, shift=-30.0, share=1e-5),
    "large steps": lambda: check([18], 2, shift=3e4, share=1e-5),
    "no rows": lambda: check([0, 0]),
    "no sequences": lambda: check([]),
    "op": check_op,
}

if __name__ == "__main__":
    kernel.STRIDE, kernel.SEGMENT = 4, 16  # long sequences are cut, in few steps
    torch.Tensor.new_empty = poisoned_memory
    kernel.TILE, kernel.PROGRAMS = 16, 4  # several blocks of channels, several pieces a program
    for name, case in CASES.items():
        case()
        sys.stdout.write(f"{name}: same\n")
        sys.stdout.flush()
