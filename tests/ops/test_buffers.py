"""Memory comes back when nothing uses it any more, never earlier, and not without bound."""

from __future__ import annotations

import gc
import os
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from graphlocal.ops import arrays, buffers


@pytest.fixture(autouse=True)
def buffers_from_one_byte_on(monkeypatch: pytest.MonkeyPatch) -> None:
    buffers.release()
    monkeypatch.setattr(arrays, "_LARGE", 1)
    monkeypatch.setattr(buffers, "KEPT", 1 << 20)


def tensor(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return arrays.empty(shape, dtype)


def apart(a: torch.Tensor, b: torch.Tensor) -> bool:
    return not np.shares_memory(a.detach().numpy(), b.detach().numpy())


def test_memory_is_used_again() -> None:
    x = tensor(100, 8)
    address = x.data_ptr()
    assert buffers.kept() == 0
    del x
    assert 3200 <= buffers.kept() <= 4000
    y = tensor(8, 100)
    assert y.data_ptr() == address and buffers.kept() == 0
    assert apart(y, tensor(8, 100))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int32, torch.int64])
def test_every_size(dtype: torch.dtype) -> None:
    for size in [*range(70), 1000, 1023, 1024, 1025, 100_003]:
        for _ in range(2):  # new and used
            x = tensor(size, dtype=dtype)
            assert x.shape == (size,) and x.dtype is dtype
            assert not size or x.data_ptr() % 64 == 0
            x.fill_(7)
            assert x.sum().item() == 7 * size
            assert x.untyped_storage().nbytes() == size * dtype.itemsize


def test_nearly_one_size_takes_the_same_memory() -> None:
    large, small = tensor(1000), tensor(950)
    address = [large.data_ptr(), small.data_ptr()]
    del large, small
    first, second = tensor(940), tensor(940)
    assert [second.data_ptr(), first.data_ptr()] == address  # what fits best comes first
    del first, second
    assert tensor(500).data_ptr() not in address  # half of it would lie idle
    assert tensor(1010).data_ptr() not in address


@pytest.mark.parametrize("user", [
    lambda x: x[1:], lambda x: x.view(-1), lambda x: x.detach(), lambda x: x.t(),
    lambda x: x.numpy(), lambda x: x.numpy()[2:], lambda x: np.asarray(x).T,
    lambda x: x.untyped_storage(), lambda x: torch.from_dlpack(x.__dlpack__()),
    lambda x: (torch.ones(50, 4, requires_grad=True) * x).grad_fn,
    lambda x: memoryview(x.numpy()), lambda x: arrays.flat(x),
], ids=["slice", "view", "detach", "t", "numpy", "numpy slice", "array", "storage", "dlpack",
        "graph", "memoryview", "flat"])
def test_whatever_uses_it_keeps_it(user) -> None:
    x = tensor(50, 4)
    x.fill_(3)
    address, using = x.data_ptr(), user(x)
    del x
    others = [tensor(50, 4) for _ in range(3)]
    assert all(other.data_ptr() != address for other in others)
    del using
    assert tensor(50, 4).data_ptr() == address


def test_a_cycle_gives_it_back() -> None:
    x = tensor(50, 4)
    x.own = [x]
    address = x.data_ptr()
    del x
    gc.collect()
    assert tensor(50, 4).data_ptr() == address


def juggle(seed: int) -> int:
    """Live tensors keep what was written to them while others come and go."""
    draw, live, seen = random.Random(seed), {}, 0
    for step in range(400):
        mark = seed * 1000 + step
        x = tensor(draw.choice([16, 100, 104, 3000]))
        live[mark] = x.fill_(mark)[draw.randrange(8):]
        del x
        while len(live) > draw.randrange(8):
            key = draw.choice(list(live))
            seen += bool((live.pop(key) == key).all())
    return seen + sum(bool((x == key).all()) for key, x in live.items())


def test_live_tensors_never_share() -> None:
    assert juggle(1) == 400


def test_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(juggle, range(4))) == [400] * 4
    gc.collect()
    assert 0 < buffers.kept() <= buffers.KEPT


def test_the_oldest_goes_when_the_bound_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "KEPT", 10_000)
    first, second, third = (tensor(1000), tensor(1000), tensor(1000))
    kept = {second.data_ptr(), third.data_ptr()}
    del first, second
    assert 8000 <= buffers.kept() <= 10_000
    del third
    assert 8000 <= buffers.kept() <= 10_000
    assert {x.data_ptr() for x in [tensor(1000), tensor(1000)]} == kept
    huge = tensor(100_000)
    del huge
    assert buffers.kept() <= 10_000


def test_what_is_larger_than_the_bound_drives_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "KEPT", 10_000)
    x = tensor(1000)
    address = x.data_ptr()
    del x
    tensor(100_000)
    assert tensor(1000).data_ptr() == address


def test_no_bound_but_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "KEPT", 0)
    tensor(1000)
    assert buffers.kept() == 0


def test_memory_that_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor(1000)
    make, left = np.empty, [1]

    def full(*args, **kwargs):
        if left:
            left.pop()
            raise MemoryError
        return make(*args, **kwargs)

    monkeypatch.setattr(np, "empty", full)
    assert tensor(5000).shape == (5000,) and not left
    monkeypatch.setattr(buffers, "_ready", {})
    left += [1, 1]
    with pytest.raises(MemoryError):
        tensor(50_000)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fork() -> None:
    ours, used = tensor(1000).fill_(1), tensor(1000)
    del used
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            right = [buffers.kept() == 0, bool((ours == 1).all())]
            ours.fill_(2)
            del ours
            right.append(buffers.kept() > 0)
            right.append(bool((tensor(1000).fill_(3) == 3).all()))
            os.write(writer, bytes(right))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with open(reader, "rb") as file:
        assert list(file.read()) == [1, 1, 1, 1]
    assert (ours == 1).all() and buffers.kept() > 0
