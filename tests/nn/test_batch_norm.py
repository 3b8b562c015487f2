"""Batch normalisation of one process; several are in tests/tasks/test_data_parallel.py."""

from __future__ import annotations

import torch

from graphlocal.nn import JointBatchNorm1d


def test_it_is_torchs_in_one_process() -> None:
    ours, theirs = JointBatchNorm1d(5), torch.nn.BatchNorm1d(5)
    for _ in range(3):
        x = torch.randn(7, 5)
        assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.running_var, theirs.running_var)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_a_row_alone_is_normalised_by_what_is_known() -> None:
    norm = JointBatchNorm1d(3)
    norm(torch.randn(50, 3) * 2 + 1)
    x = torch.randn(1, 3)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    out = norm(x)
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())
    assert torch.equal(out, norm.eval()(x))
