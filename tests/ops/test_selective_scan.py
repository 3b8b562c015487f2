"""The scan's kernels against its definition, and the definition against arithmetic by hand."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal import GraphError, ops
from graphlocal.kernels.cpu import parallel
from graphlocal.kernels.cpu.selective_scan_plan import count_blocks, make_plan
from graphlocal.ops.selective_scan import selective_scan

LENGTHS = (1, 2, 15, 16, 17, 24, 25, 40, 41, 300)
each_direction = pytest.mark.parametrize("reverse", [False, True, "both"])


def draw(
    rows: tuple[int, ...], channels: int = 20, states: int = 5, sequences: int | None = None,
    groups: int | None = 1, constant: str = "", seed: int = 0,
) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    def coefficient(name: str) -> torch.Tensor:
        if name in constant:
            return normal(channels, states)
        return normal(*rows, *([] if groups is None else [groups]), states)

    return {
        "u": normal(*rows, channels), "delta": normal(*rows, channels),
        "A": -normal(channels, states).exp(), "B": coefficient("B"), "C": coefficient("C"),
        "D": normal(channels), "z": normal(*rows, channels), "delta_bias": normal(channels),
        "initial_state": normal(rows[0] if sequences is None else sequences, channels, states),
    }


def results(
    inputs: dict[str, torch.Tensor], dtype: torch.dtype, **options
) -> dict[str, torch.Tensor]:
    """Output, last state and every gradient."""
    leaves = {name: value.detach().to(dtype).requires_grad_() for name, value in inputs.items()}
    y, last = selective_scan(**leaves, delta_softplus=True, return_last_state=True, **options)
    generator = torch.Generator().manual_seed(1)
    grads = [torch.randn(t.shape, generator=generator).to(dtype) for t in (y, last)]
    torch.autograd.backward([y, last], grads)
    return {"y": y.detach(), "last": last.detach()} | {
        f"gradient of {name}": torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
        for name, leaf in leaves.items()}


def assert_close(found, expected, share: float = 3e-6) -> None:
    """Within a share of the largest value."""
    for name, value in expected.items():
        if value.numel():
            worst = (found[name].double() - value.double()).abs().max()
            assert worst <= share * value.double().abs().max().clamp(min=1e-3), name


def by_hand(inputs, reverse, b, c) -> tuple[list[float], list[float]]:
    """One channel of one sequence in Python's own floats."""
    values = {name: value.double() for name, value in inputs.items()}
    length, channels = values["u"].shape[1:]
    group = c * values["B"].shape[2] // channels
    backwards = reverse is True or (reverse == "both" and c >= channels // 2)
    state = values["initial_state"][b, c].tolist()
    out = [0.0] * length
    for t in reversed(range(length)) if backwards else range(length):
        u = values["u"][b, t, c].item()
        delta = math.log1p(math.exp((values["delta"][b, t, c] + values["delta_bias"][c]).item()))
        B, C = values["B"][b, t, group].tolist(), values["C"][b, t, group].tolist()
        state = [math.exp(delta * a) * h + delta * u * x
                 for a, h, x in zip(values["A"][c].tolist(), state, B, strict=True)]
        y = sum(h * x for h, x in zip(state, C, strict=True)) + values["D"][c].item() * u
        z = values["z"][b, t, c].item()
        out[t] = y * z / (1 + math.exp(-z))
    return out, state


@each_direction
def test_definition(reverse) -> None:
    inputs = draw((2, 6), channels=4, states=3, groups=2)
    found = results(inputs, torch.float64, reverse=reverse)
    for b in range(2):
        for c in range(4):
            out, state = by_hand(inputs, reverse, b, c)
            torch.testing.assert_close(found["y"][b, :, c], torch.tensor(out, dtype=torch.float64))
            torch.testing.assert_close(found["last"][b, c],
                                       torch.tensor(state, dtype=torch.float64))


@each_direction
@pytest.mark.parametrize("length", LENGTHS)
def test_kernel(length, reverse) -> None:
    inputs = draw((3 if length < 100 else 1, length), groups=2)
    assert_close(results(inputs, torch.float32, reverse=reverse),
                 results(inputs, torch.float64, reverse=reverse))


@pytest.mark.parametrize(("channels", "states", "groups", "reverse"), [
    (1, 1, 1, False), (16, 16, 1, True), (52, 8, 1, "both"), (36, 20, 3, "both"),
    (34, 40, 2, False), (130, 16, None, "both"),
])
def test_sizes(channels, states, groups, reverse) -> None:
    inputs = draw((2, 35), channels, states, groups=groups)
    assert_close(results(inputs, torch.float32, reverse=reverse),
                 results(inputs, torch.float64, reverse=reverse))


@pytest.mark.parametrize("constant", [  # each is compiled anew
    "BC", pytest.param("B", marks=pytest.mark.slow), pytest.param("C", marks=pytest.mark.slow)])
def test_constant_coefficients(constant) -> None:
    inputs = draw((2, 19), channels=18, constant=constant, groups=3)
    assert_close(results(inputs, torch.float32, reverse="both"),
                 results(inputs, torch.float64, reverse="both"))


def test_coefficients_in_different_groups() -> None:
    inputs = draw((2, 9), channels=12, groups=2)
    inputs["C"] = inputs["C"].repeat(1, 1, 3, 1)[:, :, :3]
    assert_close(results(inputs, torch.float32), results(inputs, torch.float64))


def test_long_sequence() -> None:
    inputs = draw((1, 4096), channels=16, states=4)
    assert_close(results(inputs, torch.float32), results(inputs, torch.float64), 1e-5)


@pytest.mark.parametrize("given", ["", "D", "z", "delta_bias", "initial_state"])
def test_what_is_left_out_is_nothing(given) -> None:
    inputs = draw((2, 18))
    inputs = {name: value for name, value in inputs.items()
              if name in ("u", "delta", "A", "B", "C", given)}
    assert_close(results(inputs, torch.float32), results(inputs, torch.float64))


BORDERS = torch.tensor([0, 0, 1, 3, 18, 34, 51, 51, 91, 91])


@each_direction
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_packed_is_one_by_one(reverse, dtype) -> None:
    sequences = len(BORDERS) - 1
    inputs = draw((int(BORDERS[-1]),), sequences=sequences, groups=2)
    packed = results(inputs, dtype, reverse=reverse, ptr=BORDERS)
    leaves = {name: value.detach().to(dtype).requires_grad_() for name, value in inputs.items()}
    ys, lasts = [], []
    for s, (start, stop) in enumerate(itertools.pairwise(BORDERS)):
        own = {name: value[start:stop].unsqueeze(0) if name in ("u", "delta", "B", "C", "z")
               else value for name, value in leaves.items()}
        own["initial_state"] = leaves["initial_state"][s : s + 1]
        y, last = selective_scan(**own, delta_softplus=True, reverse=reverse,
                                 return_last_state=True)
        ys.append(y[0])
        lasts.append(last)
    y, last = torch.cat(ys), torch.cat(lasts)
    generator = torch.Generator().manual_seed(1)
    torch.autograd.backward(
        [y, last], [torch.randn(t.shape, generator=generator).to(dtype) for t in (y, last)])
    one_by_one = {"y": y, "last": last} | {
        f"gradient of {name}": leaf.grad for name, leaf in leaves.items()}
    assert_close(packed, one_by_one, 3e-6 if dtype == torch.float32 else 1e-13)


@given(st.lists(st.integers(0, 40), min_size=0, max_size=6), st.integers(1, 40),
       st.sampled_from([False, True, "both"]))
@settings(max_examples=25, deadline=None)
def test_any_borders(lengths, channels, reverse) -> None:
    channels *= 2
    ptr = torch.tensor([0, *lengths]).cumsum(0)
    inputs = draw((int(ptr[-1]),), channels, 3, sequences=len(lengths))
    assert_close(results(inputs, torch.float32, reverse=reverse, ptr=ptr),
                 results(inputs, torch.float64, reverse=reverse, ptr=ptr))


def test_reversed_is_flipped() -> None:
    inputs = draw((2, 37), groups=1)
    flipped = {name: value.flip(1) if name in ("u", "delta", "B", "C", "z") else value
               for name, value in inputs.items()}
    found, expected = (
        selective_scan(**values, delta_softplus=True, reverse=reverse, return_last_state=True)
        for values, reverse in ((inputs, True), (flipped, False)))
    torch.testing.assert_close(found[0], expected[0].flip(1))
    torch.testing.assert_close(found[1], expected[1])


@pytest.mark.parametrize("size", [-200.0, -30.0, 30.0, 3e4])
def test_extreme_steps(size) -> None:
    """Decays that vanish, steps that do, and steps as large as the states can bear."""
    inputs = draw((2, 20))
    inputs["delta"] = inputs["delta"] + size
    found, expected = results(inputs, torch.float32), results(inputs, torch.float64)
    assert all(value.isfinite().all() for value in found.values())
    assert_close(found, expected, 1e-5)


def test_decays_at_the_ends_of_the_range() -> None:
    delta = torch.tensor([0.0, 1e-30, 1.0, 80.0, 86.0, 200.0, 1e30, math.inf, math.nan])
    one = torch.ones(len(delta), 1, 1)
    for sign in (-1.0, 1.0):
        y = [selective_scan(torch.zeros(1, 1, 1), step.view(1, 1, 1), torch.full((1, 1), sign),
                            one[:1, None, 0], one[:1, None, 0],
                            initial_state=torch.ones(1, 1, 1)).item() for step in delta[:7]]
        torch.testing.assert_close(torch.tensor(y), torch.exp(sign * delta[:7]), rtol=1e-5,
                                   atol=1e-37)
    for step in delta[7:]:
        y = selective_scan(torch.zeros(1, 1, 1), step.view(1, 1, 1), -torch.ones(1, 1),
                           one[:1, None, 0], one[:1, None, 0])
        assert y.isnan().all()  # inf times 0, as in the definition


def test_negative_steps_are_taken_as_they_stand() -> None:
    inputs = draw((2, 9))
    plain = {name: value for name, value in inputs.items() if name != "delta_bias"}
    plain["delta"] = -plain["delta"].abs() * 0.1
    expected = selective_scan(**{n: v.double() for n, v in plain.items()}).float()
    torch.testing.assert_close(selective_scan(**plain), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_in_and_out(dtype) -> None:
    inputs = draw((2, 17))
    rounded = {name: value.to(dtype) for name, value in inputs.items()}
    mixed = {n: v if n in ("u", "z", "B") else v.float() for n, v in rounded.items()}
    for values in (rounded, mixed):
        y, last = selective_scan(**values, delta_softplus=True, return_last_state=True)
        expected = selective_scan(**{n: v.double() for n, v in rounded.items()},
                                  delta_softplus=True)
        assert y.dtype == dtype
        assert last.dtype == torch.float32
        torch.testing.assert_close(y.double(), expected, rtol=1e-2, atol=1e-2)


def test_parts_of_wider_rows() -> None:
    inputs = draw((2, 19))
    wide = {name: torch.stack([value, torch.full_like(value, math.nan)], dim=-1).flatten(-2)
            for name, value in inputs.items()}
    apart = {name: value[..., ::2] for name, value in wide.items()}
    together = {name: torch.cat([torch.full_like(value, math.nan), value], dim=-1)[
        ..., value.shape[-1]:] for name, value in inputs.items()}
    expected = results(inputs, torch.float32)
    for values in (apart, together):
        assert not values["u"].is_contiguous()
        assert_close(results(values, torch.float32), expected, 1e-7)


def test_results_do_not_depend_on_threads() -> None:
    found = []
    inputs = draw((1, 3000), channels=40, states=16)
    for count in (1, 2, 5):
        parallel.set_num_threads(count)
        try:
            found.append(results(inputs, torch.float32, reverse="both"))
        finally:
            parallel.set_num_threads(None)
    for other in found[1:]:
        assert all(torch.equal(other[name], value) for name, value in found[0].items())


def test_work_is_cut_by_shapes_alone() -> None:
    ptr = torch.arange(0, 170_001, 17).numpy()
    plan = make_plan(ptr, 128, 16, 1, (False, False))
    covered = sorted((block, s) for b0, b1, s0, s1 in plan.tasks.tolist()
                     for block in range(b0, b1) for s in range(s0, s1))
    assert covered == [(b, s) for b in range(8) for s in range(10_000)]
    assert plan.parts == 1  # so many sequences need no sums of their own
    for channels in (16, 64, 112, 128, 500):  # one sequence is split, but not to narrow pieces
        plan = make_plan(ptr[[0, -1]], channels, 16, 1, (False, False))
        assert plan.parts == max(1, min(8, -(-channels // 16) // 4))
        assert min(b1 - b0 for b0, b1, _, _ in plan.tasks.tolist()) >= min(4, -(-channels // 16))
    for channels, groups, split in ((128, 1, False), (36, 3, True), (7, 7, False), (34, 1, True)):
        plan = make_plan(ptr[:3], channels, 4, groups, (False, split))
        assert len(plan.blocks) == count_blocks(channels, groups, split)
        assert plan.blocks[:, 1].sum() == channels
        for (part, group) in {(p, g) for _, _, g, _, p in plan.blocks.tolist()}:
            same = plan.blocks[(plan.blocks[:, 4] == part) & (plan.blocks[:, 2] == group)]
            assert len(set(same[:, 3].tolist())) == 1  # no sum has two directions


@each_direction
def test_gradients_of_gradients(reverse) -> None:
    inputs = {name: value.double().requires_grad_()
              for name, value in draw((2, 3), channels=2, states=2).items()}

    def call(*values):
        return selective_scan(**dict(zip(inputs, values, strict=True)), delta_softplus=True,
                              reverse=reverse, return_last_state=True)

    assert torch.autograd.gradcheck(call, tuple(inputs.values()))
    assert torch.autograd.gradgradcheck(call, tuple(inputs.values()))


def test_kernels_have_second_gradients() -> None:
    found = []
    for dtype in (torch.float32, torch.float64):
        inputs = {n: v.detach().to(dtype).requires_grad_() for n, v in draw((1, 5), 4, 2).items()}
        y = selective_scan(**inputs, delta_softplus=True)
        (grad,) = torch.autograd.grad(y.square().sum(), inputs["delta"], create_graph=True)
        found.append(torch.autograd.grad(grad.square().sum(), list(inputs.values())))
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there.float(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiles_to_one_graph(packed, dtype) -> None:
    torch._dynamo.reset()
    ptr = torch.tensor([0, 3, 3, 20]) if packed else None
    inputs = draw((20,) if packed else (2, 20), channels=6, sequences=3 if packed else None)

    def layer(ptr, values):
        y, last = selective_scan(**values, delta_softplus=True, reverse="both", ptr=ptr,
                                 return_last_state=True)
        return torch.relu(y), last

    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    found = []
    for function in (layer, compiled):
        values = {n: v.detach().to(dtype).requires_grad_() for n, v in inputs.items()}
        y, last = function(ptr, values)
        (y.sum() + last.sum()).backward()
        found.append([y.detach(), *(v.grad for v in values.values())])
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there)
    if packed:
        with pytest.raises(GraphError, match="last value"):
            compiled(torch.tensor([0, 3, 3, 21]), {n: v.to(dtype) for n, v in inputs.items()})


def test_operators_keep_their_rules() -> None:
    inputs = draw((28,), channels=6, sequences=2)  # so that all states kept are used
    tensors = [inputs[n].requires_grad_() for n in
               ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")]
    ptr = torch.tensor([0, 3, 28])
    torch.library.opcheck(
        torch.ops.graphlocal.selective_scan.default,
        (*tensors, ptr, inputs["initial_state"], True, False, True, True, True, "cpu"))


def test_nothing_in_nothing_out() -> None:
    for rows, ptr in (((0, 5), None), ((3, 0), None), ((0,), torch.tensor([0])),
                      ((0,), torch.tensor([0, 0, 0]))):
        sequences = rows[0] if ptr is None else len(ptr) - 1
        inputs = draw(rows, sequences=sequences)
        found = results(inputs, torch.float32, ptr=ptr)
        assert found["y"].shape == inputs["u"].shape
        torch.testing.assert_close(found["last"], inputs["initial_state"])


def test_forward_mode_takes_the_definition() -> None:
    inputs = draw((1, 4), channels=2, states=2)
    others = {name: value for name, value in inputs.items() if name != "u"}
    _, tangent = torch.func.jvp(lambda u: selective_scan(u, **others), (inputs["u"],),
                                (torch.ones_like(inputs["u"]),))
    step = 1e-3
    difference = (selective_scan(inputs["u"] + step, **others)
                  - selective_scan(inputs["u"] - step, **others)) / (2 * step)
    torch.testing.assert_close(tangent, difference, rtol=1e-2, atol=1e-2)


def refused(match: str, change, **options) -> None:
    inputs = draw((2, 7))
    inputs.update(change)
    with pytest.raises(GraphError, match=match):
        selective_scan(**inputs, **options)


def test_refusals() -> None:
    inputs = draw((2, 7))
    for name in ("delta", "z"):
        refused(f"argument '{name}'.*shape", {name: torch.ones(2, 8, 20)})
    refused("argument 'u'.*shape", {"u": torch.ones(20)})
    refused("argument 'A'.*20, N", {"A": torch.ones(5, 20)})
    refused("argument 'A'", {"A": torch.ones(20, 0)})
    refused("argument 'B'.*per step", {"B": torch.ones(2, 7, 6)})
    refused("argument 'C'.*constant", {"C": torch.ones(5, 20)})
    refused("argument 'B'.*3 groups", {"B": torch.ones(2, 7, 3, 5)})
    for name in ("D", "delta_bias"):
        refused(f"argument '{name}'.*one per channel", {name: torch.ones(19)})
    refused("argument 'initial_state'", {"initial_state": torch.ones(3, 20, 5)})
    refused("dtype int64", {"u": torch.ones(2, 7, 20, dtype=torch.long)})
    refused("a tensor on meta", {"A": torch.ones(20, 5, device="meta")})
    refused("argument 'z'.*list", {"z": [1.0]})
    refused("argument 'delta'.*layout", {"delta": inputs["delta"].to_sparse()})
    refused("argument 'ptr'.*packed", {}, ptr=torch.tensor([0, 14]))
    for reverse in ("backwards", 1, None):
        refused("argument 'reverse'", {}, reverse=reverse)
    odd = draw((2, 7), channels=5)
    with pytest.raises(GraphError, match="an even number"):
        selective_scan(**odd, reverse="both")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("ptr", "match"), [
    ([0, 5, 3, 7], "fall"), ([0, 3, 8], "last value 8"), ([0, 3, 6], "last value 6"),
    ([1, 3, 7], "first value 1"), ([-1, 3, 7], "first value -1"), ([0.0, 7.0], "integer"),
    ([[0, 7]], "shape"), ([], "shape"),
])
def test_wrong_borders(ptr, match, dtype) -> None:
    ptr = torch.tensor(ptr)
    inputs = {n: v.to(dtype) for n, v in draw((7,), sequences=2).items() if n != "initial_state"}
    with pytest.raises(GraphError, match=match):
        selective_scan(**inputs, ptr=ptr)


def test_ambiguous_coefficients_are_refused() -> None:
    inputs = draw((20,), sequences=1, groups=None)
    with pytest.raises(GraphError, match="either per step or constant"):
        selective_scan(**inputs)
    inputs["B"], inputs["C"] = inputs["B"].unsqueeze(1), inputs["C"].unsqueeze(1)
    assert selective_scan(**inputs).shape == (20, 20)


def test_packed_rows_without_borders_are_one_sequence() -> None:
    inputs = draw((9,), sequences=1)
    whole = {n: v.unsqueeze(0) if n in ("u", "delta", "B", "C", "z") else v
             for n, v in inputs.items()}
    torch.testing.assert_close(selective_scan(**inputs), selective_scan(**whole)[0])


def test_explain_knows_it() -> None:
    chosen = {(c.op, c.dtype): c.backend for c in ops.explain() if c.op == "selective_scan"}
    assert chosen["selective_scan", "float32"] == "cpu"
    assert chosen["selective_scan", "float64"] == "reference"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_third_order(dtype) -> None:
    """Through operands that depend on one another, against differences of those of second."""
    def second(x):
        one = -torch.ones(1, 1, dtype=x.dtype)
        y = selective_scan(x, x.square(), one, x.unsqueeze(-1), x.unsqueeze(-1)) * x
        (grad,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        return torch.autograd.grad(grad.sum(), x, create_graph=True)[0]

    x = torch.tensor([[[0.5], [1.2], [0.3]]], dtype=dtype, requires_grad=True)
    (third,) = torch.autograd.grad(second(x).sum(), x)
    exact = x.detach().double()
    for t in range(3):
        step = torch.zeros_like(exact)
        step[0, t] = 1e-5
        up, down = (second((exact + sign * step).requires_grad_()).sum() for sign in (1, -1))
        torch.testing.assert_close(third[0, t, 0].double(), (up - down).detach() / 2e-5,
                                   rtol=1e-4, atol=1e-4)


def test_second_gradients_of_no_rows() -> None:
    inputs = {n: v.requires_grad_() for n, v in draw((2, 0)).items()}
    y, last = selective_scan(**inputs, delta_softplus=True, return_last_state=True)
    (grad,) = torch.autograd.grad(y.sum() + last.sum(), inputs["u"], create_graph=True)
    found = torch.autograd.grad(grad.sum(), list(inputs.values()), allow_unused=True)
    assert all(value is None or not value.any() for value in found)


def test_what_is_left_out_without_being_optional_is_refused() -> None:
    for name in ("u", "delta", "A", "B", "C"):
        refused(f"argument '{name}': got None", {name: None})
    refused("rows that are not empty", {"u": torch.ones(2, 7, 0)})
    refused("argument 'u'.*nested", {"u": torch.nested.nested_tensor([torch.ones(7, 20)])})
    for flag in ("yes", 1, None, torch.tensor(True)):
        refused("argument 'delta_softplus'", {}, delta_softplus=flag)


def test_sums_over_many_rows() -> None:
    u = torch.rand(300_000, 1, generator=torch.Generator().manual_seed(0))
    skip, one = torch.ones(1, requires_grad=True), torch.ones(len(u), 1, 1)
    selective_scan(u, u, -torch.ones(1, 1), one, one, skip).sum().backward()
    torch.testing.assert_close(skip.grad.double(), u.double().sum(0), rtol=3e-6, atol=0)
