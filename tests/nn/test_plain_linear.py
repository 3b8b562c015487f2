"""Only modules that are a plain linear map are called without the module."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch_geometric.nn import Linear

from graphlocal.nn import TransformerConv, plain_linear
from graphlocal.ops import linear as maps


@pytest.fixture(autouse=True)
def from_one_byte_on(monkeypatch) -> None:
    monkeypatch.setattr(maps, "_LARGE", 1)


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked(kind: str) -> nn.Module:
    linear = nn.Linear(3, 4)
    if kind == "forward":
        linear.register_forward_hook(lambda module, args, out: out + 1)
    elif kind == "before":
        linear.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    elif kind == "backward":
        linear.register_full_backward_hook(lambda module, inner, upper: None)
    elif kind == "parametrised":
        nn.utils.parametrizations.weight_norm(linear)
    elif kind == "method":
        linear.forward = lambda x: -nn.functional.linear(x, linear.weight)
    elif kind == "subclass":
        linear = Doubled(3, 4)
    elif kind == "sequence":
        linear = nn.Sequential(linear, nn.ReLU())
    return linear


@pytest.mark.parametrize("kind", ["forward", "before", "backward", "parametrised", "method",
                                  "subclass", "sequence"])
def test_anything_else_is_called(kind) -> None:
    module, x = hooked(kind), torch.randn(5, 3)
    assert not plain_linear.is_plain(module)
    expected = module(x)
    assert torch.equal(plain_linear.apply(module, x), expected)
    assert torch.equal(plain_linear.apply(module, x, expected), expected + expected)
    found = plain_linear.apply_all([nn.Linear(3, 2), module], x)
    assert torch.equal(found[1], expected)


def test_a_hook_on_all_modules_is_heard() -> None:
    heard = []
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, args, out: heard.append(module))
    try:
        linear = nn.Linear(3, 4)
        plain_linear.apply(linear, torch.randn(5, 3))
    finally:
        handle.remove()
    assert heard == [linear]


def test_a_lazy_map_learns_its_size() -> None:
    linear = Linear(-1, 4)
    assert plain_linear.apply(linear, torch.randn(5, 3)).shape == (5, 4)
    assert linear.weight.shape == (4, 3) and plain_linear.is_plain(linear)


@pytest.mark.parametrize("pair", [False, True])
def test_the_layer_hears_its_maps_hooks(pair) -> None:
    conv, x = TransformerConv(3, 4), torch.randn(5, 3)
    x = (x, torch.randn(5, 3)) if pair else x
    edge_index = torch.tensor([[0, 1, 2], [1, 2, 2]])
    expected = conv(x, edge_index)
    heard = []
    for name in ("lin_query", "lin_key", "lin_value", "lin_skip"):
        getattr(conv, name).register_forward_hook(
            lambda module, args, out, name=name: heard.append(name))
    torch.testing.assert_close(conv(x, edge_index), expected)
    assert sorted(heard) == ["lin_key", "lin_query", "lin_skip", "lin_value"]
