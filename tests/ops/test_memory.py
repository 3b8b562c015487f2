"""What is remembered about a tensor never outlives a change to it."""

from __future__ import annotations

import gc

import pytest
import torch

from graphlocal import ops
from graphlocal.nn import gcn_norm
from graphlocal.ops.memory import _memory


def random_edges(count: int = 40) -> torch.Tensor:
    return torch.randint(0, 10, (2, count), generator=torch.Generator().manual_seed(count))


def test_none_is_not_a_tensor_that_died() -> None:
    edge_index = random_edges()
    weight = torch.full((40,), 7.0)
    weighted = ops.remember((edge_index, weight), "weight", lambda: torch.full((40,), 7.0))
    del weight
    gc.collect()
    plain = ops.remember((edge_index, None), "weight", lambda: torch.ones(40))
    assert torch.equal(weighted, torch.full((40,), 7.0)) and torch.equal(plain, torch.ones(40))


def test_weights_of_one_pass_are_gone_in_the_next() -> None:
    edge_index = random_edges()
    gcn_norm(edge_index, torch.rand(40), 10)  # a temporary, dead before the next line
    expected = gcn_norm(edge_index.clone(), None, 10).edge_weight
    assert torch.equal(gcn_norm(edge_index, None, 10).edge_weight, expected)


def shrink(tensor: torch.Tensor) -> None:
    tensor.data = tensor.data[:, :20]


def replace(tensor: torch.Tensor) -> None:
    tensor.data = 9 - tensor.data


def transpose(tensor: torch.Tensor) -> None:
    tensor.data = tensor.data[:, :2].clone()
    ops.as_adjacency(tensor, 10)
    tensor.data = tensor.data.t()  # same memory, same shape


@pytest.mark.parametrize("change", [shrink, replace, transpose])
def test_built_anew_when_a_tensor_gets_other_data(change) -> None:
    edge_index, x = random_edges(), torch.randn(10, 3)
    ops.spmm(edge_index, x)
    change(edge_index)
    assert torch.equal(ops.spmm(edge_index, x), ops.spmm(edge_index.clone(), x))


def test_built_anew_when_a_second_tensor_gets_other_data() -> None:
    edge_index, weight = random_edges(), torch.rand(40)
    gcn_norm(edge_index, weight, 10)
    weight.data = weight.data.flip(0)
    expected = gcn_norm(edge_index.clone(), weight, 10).edge_weight
    assert torch.equal(gcn_norm(edge_index, weight, 10).edge_weight, expected)


def test_whoever_writes_into_a_remembered_value_harms_nobody() -> None:
    edge_index, x = random_edges(), torch.randn(10, 3)
    expected = ops.spmm(edge_index, x)
    ops.as_adjacency(edge_index, 10).col.add_(1000)
    assert torch.equal(ops.spmm(edge_index, x), expected)
    weight = gcn_norm(edge_index, None, 10).edge_weight
    expected = weight.clone()
    weight.mul_(3)
    assert torch.equal(gcn_norm(edge_index, None, 10).edge_weight, expected)


def test_nothing_of_before_a_change_is_kept() -> None:
    edge_index = random_edges()
    for count in range(10, 15):
        ops.as_adjacency(edge_index, count)
        edge_index.add_(0)
    ops.as_adjacency(edge_index, 10)
    assert len(_memory[id(edge_index)].values) == 1


def test_nothing_is_remembered_inside_a_transform() -> None:
    edge_index, x = random_edges(), torch.randn(10, 3)
    torch.func.jvp(lambda x: ops.spmm(edge_index, x), (x,), (x,))
    assert id(edge_index) not in _memory
    assert torch.equal(ops.spmm(edge_index, x), ops.spmm(edge_index.clone(), x))
