"""Linear maps into large pages give what torch's give."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from graphlocal.ops import linear as maps
from tests.ops.graphs import close, draw, each_dtype


@pytest.fixture(params=["large", "small"])
def size(request, monkeypatch) -> str:
    """Both ways at sizes a test can afford: from one byte on, or as it is."""
    if request.param == "large":
        monkeypatch.setattr(maps, "_LARGE", 1)
    return request.param


def given(bias: bool, dtype: torch.dtype = torch.float64) -> list:
    shapes = [(7, 3), (4, 3), (4,) if bias else None, (7, 4)]
    return [None if shape is None else draw(*shape, dtype=dtype, seed=n).requires_grad_()
            for n, shape in enumerate(shapes)]


def gradients(out: torch.Tensor, operands: list) -> list:
    upper = draw(*out.shape, dtype=out.dtype, seed=9)
    return list(torch.autograd.grad(out, [t for t in operands if t is not None], upper))


@each_dtype
@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients(size, bias, dtype) -> None:
    x, weight, b, onto = given(bias, dtype)
    for operands, more in (([x, weight, b], {}), ([x, weight, b, onto], {"onto": onto})):
        out = maps.linear(x, weight, b, **more)
        assert (type(out.grad_fn).__name__ in ("_LinearBackward", "_LinearsBackward")) == (
            size == "large")
        expected = functional.linear(x, weight, b) + (onto if more else 0)
        close(out, expected)
        for a, e in zip(gradients(out, operands), gradients(expected, operands), strict=True):
            close(a, e)


@pytest.mark.parametrize("bias", [True, False])
def test_gradients_of_gradients(size, bias) -> None:
    x, weight, b, onto = given(bias)
    rest = [onto] if b is None else [onto, b]

    def both(x, weight, onto, b=None):
        return maps.linear(x.sin(), weight, b, onto=onto), maps.linear(x, weight.cos(), b)

    assert torch.autograd.gradcheck(both, (x, weight, *rest))
    assert torch.autograd.gradgradcheck(both, (x, weight, *rest))


def test_several_maps_of_which_one_is_used(size) -> None:
    x, weight, b, _ = given(True)
    other = draw(5, 3, seed=5).requires_grad_()
    pairs = [(weight, b), (other, None), (weight, None)]
    outs = maps.linears(x, pairs)
    for out, (w, c) in zip(outs, pairs, strict=True):
        close(out, functional.linear(x, w, c))
    found = torch.autograd.grad(outs[1].sum(), [x, weight, b, other], allow_unused=True)
    assert found[1] is None and found[2] is None
    close(found[0], other.sum(0).expand_as(x).detach())
    outs = maps.linears(x, pairs)
    together = torch.autograd.grad(sum(out.sin().sum() for out in outs), x)[0]
    one_by_one = sum(torch.autograd.grad(functional.linear(x, w, c).sin().sum(), x)[0]
                     for w, c in pairs)
    close(together, one_by_one)


def test_strides_and_frozen_operands(size) -> None:
    x, weight = draw(3, 14).t()[::2], draw(3, 4, seed=1).t()
    close(maps.linear(x, weight), functional.linear(x.contiguous(), weight.contiguous()))
    weight = weight.detach().requires_grad_()
    (grad,) = torch.autograd.grad(maps.linear(x, weight).sum(), weight)
    close(grad, x.sum(0).expand_as(weight))


@pytest.mark.parametrize(("rows", "inner", "outer"), [(0, 3, 4), (5, 0, 4), (5, 3, 0)])
def test_nothing(size, rows, inner, outer) -> None:
    x, weight, b = draw(rows, inner), draw(outer, inner), draw(outer)
    close(maps.linear(x, weight, b), functional.linear(x, weight, b))
    close(maps.linear(x, weight, b, onto=draw(rows, outer)), draw(rows, outer) + (
        functional.linear(x, weight, b)))


def test_wrong_shapes_are_torchs_errors(size) -> None:
    with pytest.raises(RuntimeError):
        maps.linear(draw(3, 4), draw(2, 5))
    with pytest.raises(RuntimeError):
        maps.linear(draw(3, 4), draw(2, 4), draw(7))


def test_rows_are_broadcast_as_torch_does(size) -> None:
    x, weight, row = draw(3, 4), draw(2, 4), draw(2)
    close(maps.linear(x, weight, onto=row), row + functional.linear(x, weight))
    close(maps.linear(x.view(1, 3, 4), weight), functional.linear(x.view(1, 3, 4), weight))


def test_autocast_and_transforms(size) -> None:
    x, weight, b = (t.detach().float() for t in given(True)[:3])
    with torch.autocast("cpu", torch.bfloat16):
        assert maps.linear(x, weight, b).dtype is torch.bfloat16
    close(torch.func.vmap(lambda row: maps.linear(row.unsqueeze(0), weight, b)[0])(x),
          functional.linear(x, weight, b))
    _, tangent = torch.func.jvp(lambda x: maps.linear(x, weight, b), (x,), (x,))
    close(tangent, functional.linear(x, weight))


def test_a_compiler_sees_one_graph(size) -> None:
    x, weight, b, onto = given(True, torch.float32)
    compiled = torch.compile(lambda *t: maps.linear(*t[:3], onto=t[3]), fullgraph=True,
                             backend="aot_eager")
    close(compiled(x, weight, b, onto), functional.linear(x, weight, b) + onto)


def test_large_pages_are_taken_as_they_are() -> None:
    x, weight = draw(1 << 15, 4, dtype=torch.float32), draw(32, 4, dtype=torch.float32)
    x.requires_grad_()
    out = maps.linear(x, weight)
    assert type(out.grad_fn).__name__ == "_LinearsBackward"
    close(out, functional.linear(x, weight))
    close(torch.autograd.grad(out.sum(), x)[0], weight.sum(0).expand_as(x))
