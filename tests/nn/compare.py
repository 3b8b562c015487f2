"""Runs one of our layers and its PyG original on the same input and compares everything."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch_geometric.nn import conv as pyg

from graphlocal import nn
from tests.zoo import ZOO

#: Tolerances (relative, absolute) of the values by dtype.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
PAIRS = [(nn.GCNConv, pyg.GCNConv), (nn.SAGEConv, pyg.SAGEConv), (nn.GINConv, pyg.GINConv),
         (nn.GraphConv, pyg.GraphConv)]


def zoo_tensors(name: str) -> tuple[Tensor, int]:
    edge_index, num_nodes = ZOO[name]
    return torch.from_numpy(edge_index), num_nodes


def mlp(channels: int, out: int) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(channels, out), torch.nn.Tanh())


def same_layers(ours: type, theirs: type, make: Callable[[type], Any]) -> tuple[Any, Any]:
    """The two layers with one set of parameters, after checking that their names agree."""
    mine, original = make(ours), make(theirs)
    assert list(mine.state_dict()) == list(original.state_dict())
    original.load_state_dict(copy.deepcopy(mine.state_dict()))
    assert repr(mine) == repr(original)
    return mine, original


def run(layer: Any, x: Any, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
    """Output and every gradient of a weighted sum of it."""
    def fresh(value: Any) -> Any:
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return tuple(fresh(v) for v in value)
        if isinstance(value, Tensor) and value.is_floating_point() and value.is_leaf \
                and value.layout is torch.strided:
            return value.detach().clone().requires_grad_(value.requires_grad)
        return value

    x, args = fresh(x), tuple(fresh(a) for a in args)
    kwargs = {key: fresh(value) for key, value in kwargs.items()}
    layer.zero_grad()
    out = layer(x, *args, **kwargs)
    result = {"out": out.detach()}
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).view(out.shape).sin()
    (out * weights).sum().backward()
    inputs = [x if isinstance(x, tuple) else (x,), args, kwargs.values()]
    for number, value in enumerate(v for group in inputs for v in group):
        if isinstance(value, Tensor) and value.requires_grad:
            result[f"gradient of input {number}"] = value.grad
    for name, parameter in layer.named_parameters():
        result[f"gradient of {name}"] = parameter.grad
    return result


def assert_same(mine: Any, original: Any, x: Any, *args: Any, **kwargs: Any) -> None:
    close(run(mine, x, *args, **kwargs), run(original, x, *args, **kwargs))


def close(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    assert got.keys() == want.keys()
    for name, value in want.items():
        if value is None or got[name] is None:  # no gradient and one of zeros say the same
            assert got[name] is value or not (got[name] if value is None else value).any(), name
            continue
        tolerance = TOLERANCE[value.dtype]
        torch.testing.assert_close(got[name], value, rtol=tolerance, atol=tolerance,
                                   msg=lambda text, name=name: f"{name}: {text}")
