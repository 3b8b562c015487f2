"""Blocks: their checkpoints, their recurrent form, and that packed rows know no neighbours."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest
import torch
from torch.nn import functional

from graphlocal import GraphError
from graphlocal.nn.ssm import BiMambaBlock, GatedRMSNorm, Mamba2Block, MambaBlock, TokenScan

BORDERS = torch.tensor([0, 0, 1, 3, 19, 36, 36])


def make(kind: type, channels: int = 8) -> torch.nn.Module:
    torch.manual_seed(0)
    if kind is Mamba2Block:
        return Mamba2Block(channels, d_state=6, headdim=4, ngroups=2, chunk_size=8).double()
    return kind(channels, d_state=4).double()


each_block = pytest.mark.parametrize("kind", [MambaBlock, BiMambaBlock, Mamba2Block])


def test_checkpoint_of_mamba() -> None:
    """Names and shapes of mamba-ssm's ``Mamba(d_model=64)``."""
    shapes = {name: tuple(value.shape) for name, value in MambaBlock(64).state_dict().items()}
    assert shapes == {
        "A_log": (128, 16), "D": (128,), "in_proj.weight": (256, 64),
        "conv1d.weight": (128, 1, 4), "conv1d.bias": (128,), "x_proj.weight": (36, 128),
        "dt_proj.weight": (128, 4), "dt_proj.bias": (128,), "out_proj.weight": (64, 128)}
    assert MambaBlock(20).dt_rank == 2  # rounded up


def test_checkpoint_of_mamba2() -> None:
    """Names and shapes of mamba-ssm's ``Mamba2(d_model=64)``."""
    shapes = {name: tuple(value.shape) for name, value in Mamba2Block(64).state_dict().items()}
    assert shapes == {
        "dt_bias": (2,), "A_log": (2,), "D": (2,), "in_proj.weight": (2 * 128 + 2 * 128 + 2, 64),
        "conv1d.weight": (384, 1, 4), "conv1d.bias": (384,), "norm.weight": (128,),
        "out_proj.weight": (64, 128)}


def test_values_at_first() -> None:
    block = MambaBlock(64)
    torch.testing.assert_close(block.A_log.exp(), torch.arange(1.0, 17).expand(128, -1))
    assert torch.equal(block.D, torch.ones(128))
    dt = functional.softplus(block.dt_proj.bias)
    assert dt.min() >= 0.99e-3
    assert dt.max() <= 0.101
    assert block.dt_proj.weight.abs().max() <= 4**-0.5
    assert {name for name, p in block.named_parameters()
            if getattr(p, "_no_weight_decay", False)} == {"A_log", "D", "dt_proj.bias"}
    block = Mamba2Block(64, headdim=8)
    assert block.A_log.exp().min() >= 1
    assert block.A_log.exp().max() <= 16
    before = block.dt_bias.clone()
    block.reset_parameters()
    assert not torch.equal(block.dt_bias, before)


def test_block_by_its_formula() -> None:
    block = make(MambaBlock)
    x = torch.randn(2, 6, 8, dtype=torch.float64)
    u, z = block.in_proj(x).chunk(2, dim=-1)
    u = functional.silu(block.conv1d(u.transpose(1, 2))[..., :6]).transpose(1, 2)
    dt, B, C = block.x_proj(u).split([1, 4, 4], dim=-1)
    delta = functional.softplus(block.dt_proj(dt))
    state, out = x.new_zeros(2, 16, 4), []
    for t in range(6):
        decay = (delta[:, t, :, None] * -block.A_log.exp()).exp()
        state = decay * state + (delta[:, t] * u[:, t])[..., None] * B[:, t, None]
        out.append((state * C[:, t, None]).sum(-1) + block.D * u[:, t])
    torch.testing.assert_close(block(x), block.out_proj(torch.stack(out, 1) * functional.silu(z)))


@pytest.mark.parametrize("length", [1, 2, 15, 17])
def test_step_by_step_is_the_whole_sequence(length) -> None:
    block = make(MambaBlock)
    x = torch.randn(3, length, 8, dtype=torch.float64)
    state = [value.double() for value in block.allocate_state(3)]
    rows = []
    for row in x.unbind(1):
        y, *state = block.step(row, *state)
        rows.append(y)
    torch.testing.assert_close(torch.stack(rows, dim=1), block(x))


@each_block
def test_packed_is_one_by_one(kind) -> None:
    block = make(kind)
    x = torch.randn(36, 8, dtype=torch.float64)
    expected = torch.cat([block(x[start:stop].unsqueeze(0))[0]
                          for start, stop in itertools.pairwise(BORDERS)])
    torch.testing.assert_close(block(x, BORDERS), expected)


@each_block
def test_kernels_give_what_the_definition_gives(kind) -> None:
    block = make(kind)
    x = torch.randn(36, 8, dtype=torch.float64)
    found = []
    for dtype in (torch.float32, torch.float64):
        block = block.to(dtype)
        block.zero_grad()
        y = block(x.to(dtype), BORDERS)
        y.square().sum().backward()
        found.append([y.detach(), *(p.grad.clone() for p in block.parameters())])
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there.float(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", [MambaBlock, Mamba2Block])
def test_reversed_is_flipped(kind) -> None:
    block = make(kind)
    x = torch.randn(2, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(block(x, reverse=True), block(x.flip(1)).flip(1))


@pytest.mark.parametrize("options", [{}, {"bias": True, "conv_bias": False}])
def test_two_directions_in_one_scan(options) -> None:
    block = BiMambaBlock(8, **options).double()
    x = torch.randn(2, 9, 8, dtype=torch.float64)
    normed = block.norm(x)
    both = block.forwards(normed) + block.backwards(normed, reverse=True)
    torch.testing.assert_close(block(x), x + block.out_proj(both))


def test_one_direction_sees_the_past_alone_and_two_see_everything() -> None:
    x = torch.randn(1, 7, 8, dtype=torch.float64, requires_grad=True)
    for kind, seen in ((MambaBlock, 4), (BiMambaBlock, 7)):
        (grad,) = torch.autograd.grad(make(kind)(x)[0, 3].sum(), x)
        assert (grad[0].abs().sum(-1) > 0).sum() == seen


@each_block
def test_compiles_to_one_graph(kind) -> None:
    torch._dynamo.reset()
    block = make(kind).float()
    x = torch.randn(36, 8)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, BORDERS), block(x, BORDERS), rtol=1e-4, atol=1e-5)


@each_block
def test_half_precision_by_autocast(kind) -> None:
    block = make(kind).float()
    x = torch.randn(36, 8)
    with torch.autocast("cpu", torch.bfloat16):
        y = block(x, BORDERS)
    torch.testing.assert_close(y.float(), block(x, BORDERS), rtol=0.1, atol=0.1)


@each_block
def test_refusals(kind) -> None:
    block = make(kind)
    for x in (torch.ones(3, 7), torch.ones(8), torch.ones(3, 8, dtype=torch.long)):
        with pytest.raises(GraphError, match="argument 'x'"):
            block(x)
    with pytest.raises(GraphError, match="argument 'ptr'"):
        block(torch.ones(3, 8, dtype=torch.float64), torch.tensor([0, 4]))


def test_wrong_sizes() -> None:
    for kind, options, match in (
        (MambaBlock, {"channels": 0}, "channels"), (MambaBlock, {"d_state": 0}, "d_state"),
        (MambaBlock, {"dt_rank": 0}, "dt_rank"), (MambaBlock, {"dt_init": "other"}, "dt_init"),
        (Mamba2Block, {"headdim": 5}, "a divisor of the 16 inner channels"),
        (Mamba2Block, {"headdim": 4, "ngroups": 3}, "a divisor of the 4 heads"),
    ):
        with pytest.raises(GraphError, match=match):
            kind(**{"channels": 8, **options})


def test_wrong_ranges_and_shares() -> None:
    for kind, options, match in (
        (MambaBlock, {"dt_min": 0.5}, "0.5 to 0.1"), (BiMambaBlock, {"dropout": 2}, "dropout"),
        (Mamba2Block, {"headdim": 4, "A_init_range": (16, 1)}, "A_init_range"),
        (Mamba2Block, {"headdim": 4, "A_init_range": 4}, "A_init_range"),
        (GatedRMSNorm, {"groups": 3}, "groups"),
    ):
        with pytest.raises(GraphError, match=match):
            kind(**{"channels": 8, **options})
    with pytest.raises(GraphError, match="reverse"):
        Mamba2Block(8, headdim=4)(torch.ones(2, 3, 8), reverse="both")
    with pytest.raises(GraphError, match="argument 'z'"):
        GatedRMSNorm(8)(torch.ones(2, 8), torch.ones(1, 8))


def test_wrong_states_of_a_step() -> None:
    block = MambaBlock(8)
    conv, ssm = block.allocate_state(2)
    for arguments, match in (
        ((torch.ones(2, 3, 8), conv, ssm), "argument 'x'"),
        ((torch.ones(3, 8), conv, ssm), "argument 'conv_state'"),
        ((torch.ones(2, 8), ssm, conv), "argument 'conv_state'"),
        ((torch.ones(2, 8), conv, None), "argument 'ssm_state'"),
    ):
        with pytest.raises(GraphError, match=match):
            block.step(*arguments)
    with pytest.raises(GraphError, match="batch_size"):
        block.allocate_state(-1)


@each_block
def test_copies_keep_what_must_not_decay(kind) -> None:
    block = make(kind)
    for other in (copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        marks = [[getattr(p, "_no_weight_decay", False) for p in module.parameters()]
                 for module in (block, other)]
        assert marks[0] == marks[1]
        assert any(marks[1])


def test_norm_of_half_precision_does_not_overflow() -> None:
    x = torch.full((1, 4), 300.0, dtype=torch.float16)
    torch.testing.assert_close(GatedRMSNorm(4).half()(x, x), torch.ones_like(x))


def test_no_tokens_are_refused() -> None:
    with pytest.raises(GraphError, match="T >= 1"):
        TokenScan(8)(torch.ones(3, 0, 8))
