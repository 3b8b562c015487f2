"""Nearest centroids: the fast search finds what the definition finds."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import GraphError, ops
from graphlocal.ops.vector_quantize import binding, reference


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("block", [1, 40, 2**20])
def test_it_is_the_definition(backend, dtype, masked, block, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    monkeypatch.setattr(binding, "_BLOCK", block)
    x, codebook = draw(57, 5, dtype=dtype), draw(9, 5, seed=1, dtype=dtype)
    mask = torch.arange(9) % 3 != 1 if masked else None
    found = ops.vector_quantize(x, codebook, mask)
    exact = torch.float32 if dtype == torch.bfloat16 else dtype
    rows, centers = x.double(), codebook.double()
    for n in range(57):
        distance = [float("inf") if masked and not mask[b] else
                    float((rows[n] - centers[b]).square().sum()) for b in range(9)]
        assert int(found.index[n]) == distance.index(min(distance))
        assert float(found.error[n]) == pytest.approx(min(distance), rel=3e-2 if dtype ==
                                                      torch.bfloat16 else 1e-5)
    for b in range(9):
        got = x[found.index == b].to(exact)
        assert float(found.count[b]) == len(got)
        torch.testing.assert_close(found.total[b], got.sum(dim=0))
    assert found.count.dtype == found.total.dtype == exact
    assert found.index.dtype == torch.long and not found.total.requires_grad


@given(st.integers(0, 30), st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**31))
def test_both_searches_agree(rows, size, width, seed) -> None:
    x, codebook = draw(rows, width, seed=seed), draw(size, width, seed=seed + 1)
    found = ops.vector_quantize(x, codebook)
    index, count, total, error = reference.quantize(x, codebook, None)
    assert torch.equal(found.index, index) and torch.equal(found.count, count)
    torch.testing.assert_close(found.total, total)
    torch.testing.assert_close(found.error, error)


def test_far_from_the_origin() -> None:
    """Where products alone lose all digits of the distances."""
    codebook = torch.arange(50.0)[:, None].expand(-1, 4) / 50
    x = codebook + 1 / 200
    found = ops.vector_quantize(x + 4096, codebook + 4096)
    assert torch.equal(found.index, torch.arange(50))


def test_rows_on_centroids_stay_there() -> None:
    codebook = draw(40, 3)
    found = ops.vector_quantize(codebook[torch.arange(40).flip(0)], codebook)
    assert torch.equal(found.index, torch.arange(40).flip(0))
    assert not found.error.any() and (found.count == 1).all()


@pytest.mark.parametrize(("arguments", "match"), [
    ((torch.ones(3, 2), torch.ones(0, 2)), "'codebook': got no centroid"),
    ((torch.ones(3, 2), torch.ones(4, 3)), r"'codebook': got shape \(4, 3\), expected .*\(N, 2\)"),
    ((torch.ones(3, 2), torch.ones(4, 2).double()), "'codebook': got torch.float64"),
    ((torch.ones(3), torch.ones(4, 2)), r"'x': got shape \(3,\)"),
    ((torch.ones(3, 2).long(), torch.ones(4, 2)), "'x': got dtype int64"),
    (([[1.0]], torch.ones(4, 2)), "'x': got list"),
    ((torch.ones(3, 2), torch.ones(4, 2), torch.ones(3) > 0), r"'mask': got shape \(3,\)"),
    ((torch.ones(3, 2), torch.ones(4, 2), torch.ones(4)), "'mask': got torch.float32"),
    ((torch.ones(3, 2), torch.ones(4, 2), torch.ones(4) < 0), "'mask': got no centroid"),
    ((torch.tensor([[1.0], [float("nan")]]), torch.ones(4, 1)), "'x': got NaN .* row 1"),
    ((torch.tensor([[1.0], [-float("inf")]]), torch.ones(4, 1)), "'x': got NaN .* row 1"),
    ((torch.ones(2, 1), torch.tensor([[float("nan")]])), "'codebook': got NaN .* row 0"),
])
def test_refusals(arguments, match) -> None:
    with pytest.raises(GraphError, match=match):
        ops.vector_quantize(*arguments)


def test_sums_that_overflow_are_finite_rows_all_the_same() -> None:
    x = torch.full((4, 1), 3e38)
    assert ops.vector_quantize(x, torch.tensor([[0.0], [3e38]])).index.tolist() == [1] * 4


def test_a_dead_centroid_may_be_anything() -> None:
    codebook = torch.tensor([[0.0], [float("nan")], [5.0]])
    found = ops.vector_quantize(torch.tensor([[1.0], [4.0]]), codebook,
                                torch.tensor([True, False, True]))
    assert found.index.tolist() == [0, 2]


def test_no_matrix_of_distances_exists(monkeypatch) -> None:
    from tests.nn.attention.plain import LargestTensor

    monkeypatch.setattr(binding, "_BLOCK", 1 << 12)
    x, codebook = draw(2000, 3), draw(500, 3, seed=1)
    with LargestTensor() as seen:
        binding._quantize(x, codebook, None, False)
    assert seen.numbers <= 2000 * 3


def test_it_is_an_operator_of_torch() -> None:
    x, codebook = draw(7, 3), draw(4, 3, seed=1)
    for mask in (None, torch.tensor([True, False, True, True])):
        torch.library.opcheck(torch.ops.graphlocal.vector_quantize.default,
                              (x, codebook, mask, False))
    compiled = torch.compile(lambda x: ops.vector_quantize(x * 2, codebook).total * 2,
                             fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), ops.vector_quantize(x * 2, codebook).total * 2)
