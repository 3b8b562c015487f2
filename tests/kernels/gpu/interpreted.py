"""Run in a process of its own: triton reads whether to interpret when it is first imported."""

from __future__ import annotations

from tests.kernels.gpu import interpreter  # noqa: F401  isort: skip

import importlib
import sys

import numpy as np
import torch

from graphlocal import ops
from graphlocal.kernels.gpu import attention as kernel
from graphlocal.ops import as_adjacency

# The function of that name hides the package from an import statement.
binding = importlib.import_module("graphlocal.ops.neighbor_attention.binding")
reference = importlib.import_module("graphlocal.ops.neighbor_attention.reference")
on_device = binding._on_device


def draw(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def check(edges, num_src: int, num_dst: int, heads: int, width: int, value_width: int,
          bias: str) -> None:
    edge_index = torch.as_tensor(edges, dtype=torch.long).view(2, -1)
    adjacency = as_adjacency(edge_index, num_src, num_dst)
    q, k = draw(num_dst, heads, width, seed=0), draw(num_src, heads, width, seed=1)
    v, b = draw(num_src, heads, value_width, seed=2), None
    if bias:
        b = draw(edge_index.shape[1], heads, seed=3).detach()
        if bias == "masked":
            b[::2] = -torch.inf
            b[edge_index[1] == 1] = -torch.inf
            b[edge_index[1] == 5] = -1e9  # all of a row, as masks of other libraries do
        b.requires_grad_()
    upper = draw(num_dst, heads, value_width, seed=4).detach()
    given = [x for x in (q, k, v, b) if x is not None]
    expected = reference.neighbor_attention(
        adjacency, *(x.double() if x is not None else None for x in (q, k, v, b)),
        None, None, None, 0.7, 0.0)
    gradients = torch.autograd.grad(expected, given, upper.double())
    plain = [None if x is None else x.detach() for x in (q, k, v, b)]
    out, base = kernel.attend(*adjacency[:3], *plain, 0.7)
    found = kernel.attend_backward(
        *adjacency, *plain, out, base, upper, 0.7, True, b is not None)
    torch.testing.assert_close(out.double(), expected.detach(), rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(found, gradients, strict=False):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def check_op() -> None:
    """The op as torch sees it, bound to these kernels, first and second gradients."""
    binding._on_device = lambda q: True
    try:
        shapes = [(7, 2, 3), (9, 2, 3), (9, 2, 5), (20, 2)]
        given = [draw(*shape, seed=seed) for seed, shape in enumerate(shapes)]
        adjacency = as_adjacency(torch.tensor(HUB), 9, 7)
        out = ops.neighbor_attention(*given[:3], adjacency, given[3])
        expected = reference.neighbor_attention(
            adjacency, *given, None, None, None, 3**-0.5, 0.0)
        torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)
        both = []
        for y in (out, expected):
            first = torch.autograd.grad((y**2).sum(), given, create_graph=True)
            second = torch.autograd.grad(sum((g**2).sum() for g in first), given)
            both.append([*first, *second])
        for mine, theirs in zip(*both, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)
        k, v = (x.detach() for x in given[1:3])
        alone = ops.neighbor_attention(given[0], k, v, adjacency)
        theirs = reference.neighbor_attention(
            adjacency, given[0], k, v, None, None, None, None, 3**-0.5, 0.0)
        torch.testing.assert_close(*(torch.autograd.grad((y**2).sum(), given[0])
                                     for y in (alone, theirs)), rtol=1e-4, atol=1e-5)
    finally:
        binding._on_device = on_device


HUB = [[*range(9), *range(9), 3, 3], [*[0] * 9, *[1] * 9, 5, 5]]
CASES = {
    "hub": lambda: check(HUB, 9, 7, 2, 3, 5, ""),
    "bias": lambda: check(HUB, 9, 7, 2, 3, 5, "bias"),
    "masked": lambda: check(HUB, 9, 7, 2, 4, 4, "masked"),
    "one channel": lambda: check(HUB, 9, 7, 1, 1, 1, "bias"),
    "no edges": lambda: check([[], []], 3, 2, 2, 3, 5, "bias"),
    "no nodes": lambda: check([[], []], 0, 0, 2, 3, 5, ""),
    "no heads": lambda: check(HUB, 9, 7, 0, 3, 5, ""),
    "random": lambda: check(np.random.default_rng(0).integers(0, 12, (2, 60)), 12, 12, 3, 6, 7,
                            "bias"),
    "op": check_op,
}

if __name__ == "__main__":
    kernel.EDGES = 4  # a hub of 9 edges is longer than two blocks
    for name, case in CASES.items():
        case()
        sys.stdout.write(f"{name}: same\n")
