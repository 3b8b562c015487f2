"""The block of Mamba-2, whose checkpoints it loads."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...graph import checks
from ...ops.causal_conv import causal_conv
from ...ops.ssd import ssd


class GatedRMSNorm(nn.Module):
    r"""Root mean square norm behind a gate, within groups of channels.

    .. math::
        \mathbf{y} = \frac{\mathbf{v}}{\sqrt{\mathrm{mean}(\mathbf{v}^2) + \epsilon}} \odot
        \mathbf{w}, \qquad \mathbf{v} = \mathbf{x} \odot \mathrm{SiLU}(\mathbf{z})

    Args:
        channels: Size of each row.
        groups: Groups of channels with a mean of their own. (default: ``1``)
        eps: Added to the mean. (default: ``1e-5``)

    Shapes:
        - **x, z, output:** :math:`(*, C)`

    Example:
        >>> GatedRMSNorm(4)(torch.ones(2, 4), torch.ones(2, 4)).shape
        torch.Size([2, 4])
    """

    def __init__(self, channels: int, groups: int = 1, eps: float = 1e-5) -> None:
        super().__init__()
        checks.check_count(channels, "channels", least=1)
        self.groups, self.eps = checks.check_count(groups, "groups", least=1), eps
        checks.check_heads(channels, groups, "groups")
        self.weight = nn.Parameter(torch.ones(channels))

    def reset_parameters(self) -> None:
        """Sets the weight to 1."""
        nn.init.ones_(self.weight)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Norm of ``x`` gated by ``z``."""
        checks.check_float_tensors({"x": x, "z": z})
        checks.check_shape(x, "x", ((*x.shape[:-1], len(self.weight)), "channels last"))
        checks.check_shape(z, "z", (tuple(x.shape), "that of 'x'"))
        # A square of half precision overflows from 256 on.
        wide = torch.promote_types(x.dtype, torch.float32)
        value = (x.to(wide) * functional.silu(z.to(wide))).unflatten(-1, (self.groups, -1))
        scale = (value.square().mean(-1, keepdim=True) + self.eps).rsqrt()
        return ((value * scale).flatten(-2) * self.weight).to(x.dtype)


class Mamba2Block(nn.Module):
    r"""The block of `"Transformers are SSMs: Generalized Models and Efficient Algorithms Through
    Structured State Space Duality" <https://arxiv.org/abs/2405.21060>`_.

    One map makes the gate, the input, what enters and what is read from the states, and the step
    sizes of every head; a short convolution runs over all but the gate and the step sizes,
    :func:`~graphlocal.ops.ssd` over the heads, and a gated norm comes before the map out.
    Parameters have the names, shapes and initial values of mamba-ssm's ``Mamba2``. Those that must
    not decay are marked by an attribute ``_no_weight_decay``.

    Args:
        channels: Size of each row.
        d_state: States per channel. (default: ``128``)
        d_conv: Length of the convolution. (default: ``4``)
        expand: Inner channels per channel. (default: ``2``)
        headdim: Inner channels of a head, a divisor of all. (default: ``64``)
        ngroups: Groups of heads that share what enters and what is read. (default: ``1``)
        A_init_range: Decay rates lie between these at first. (default: ``(1, 16)``)
        dt_min, dt_max: Step sizes lie between these at first. (default: ``0.001``, ``0.1``)
        dt_init_floor: Least step size at first. (default: ``1e-4``)
        conv_bias: Whether the convolution has a bias. (default: ``True``)
        bias: Whether the maps in and out have one. (default: ``False``)
        chunk_size: Rows of a chunk of the scan. (default: ``64``)

    Shapes:
        - **x, output:** :math:`(B, L, C)`, or packed :math:`(T, C)`
        - **ptr:** borders of packed sequences :math:`(S + 1)` *(optional)*

    Raises:
        GraphError: If an argument or a shape is wrong.

    Example:
        >>> block = Mamba2Block(32, d_state=16, headdim=16)
        >>> block(torch.randn(7, 32), ptr=torch.tensor([0, 3, 3, 7])).shape
        torch.Size([7, 32])
    """

    def __init__(
        self,
        channels: int,
        d_state: int = 128,
        d_conv: int = 4,
        expand: int = 2,
        headdim: int = 64,
        ngroups: int = 1,
        A_init_range: tuple[float, float] = (1.0, 16.0),
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        dt_init_floor: float = 1e-4,
        conv_bias: bool = True,
        bias: bool = False,
        chunk_size: int = 64,
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.d_state = checks.check_count(d_state, "d_state", least=1)
        self.d_conv = checks.check_count(d_conv, "d_conv", least=1)
        self.d_inner = checks.check_count(expand, "expand", least=1) * channels
        self.headdim = checks.check_count(headdim, "headdim", least=1)
        self.ngroups = checks.check_count(ngroups, "ngroups", least=1)
        self.chunk_size = checks.check_count(chunk_size, "chunk_size", least=1)
        if self.d_inner % headdim:
            checks.fail("headdim", str(headdim), f"a divisor of the {self.d_inner} inner channels")
        self.heads = self.d_inner // headdim
        if self.heads % ngroups:
            checks.fail("ngroups", str(ngroups), f"a divisor of the {self.heads} heads")
        self.A_init_range = checks.check_range(A_init_range, "A_init_range")
        self.dt_min, self.dt_max = checks.check_range((dt_min, dt_max), "dt_min, dt_max")
        self.dt_init_floor = checks.check_positive(dt_init_floor, "dt_init_floor")

        self.conv_channels = self.d_inner + 2 * ngroups * d_state
        self.in_proj = nn.Linear(channels, self.d_inner + self.conv_channels + self.heads,
                                 bias=bias)
        self.conv1d = nn.Conv1d(self.conv_channels, self.conv_channels, d_conv,
                                groups=self.conv_channels, padding=d_conv - 1, bias=conv_bias)
        self.dt_bias = nn.Parameter(torch.empty(self.heads))
        self.A_log = nn.Parameter(torch.empty(self.heads))
        self.D = nn.Parameter(torch.empty(self.heads))
        self._mark()
        self._reset_scan()
        self.norm = GatedRMSNorm(self.d_inner, ngroups)
        self.out_proj = nn.Linear(self.d_inner, channels, bias=bias)

    def _mark(self) -> None:
        for fixed in (self.dt_bias, self.A_log, self.D):
            fixed._no_weight_decay = True

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._mark()  # a copy of a parameter lacks the attribute

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        self.in_proj.reset_parameters()
        self.conv1d.reset_parameters()
        self._reset_scan()
        self.norm.reset_parameters()
        self.out_proj.reset_parameters()

    @torch.no_grad()
    def _reset_scan(self) -> None:
        """Step sizes spread over their range in logarithms, decay rates evenly over theirs."""
        low, high = math.log(self.dt_min), math.log(self.dt_max)
        dt = (torch.rand_like(self.dt_bias) * (high - low) + low).exp()
        dt = dt.clamp(min=self.dt_init_floor)
        self.dt_bias.copy_(dt + torch.log(-torch.expm1(-dt)))  # the inverse of softplus
        self.A_log.uniform_(*self.A_init_range).log_()
        self.D.fill_(1.0)

    def forward(self, x: Tensor, ptr: Tensor | None = None, reverse: bool = False) -> Tensor:
        """Runs the block along every sequence; ``reverse`` from its end."""
        checks.check_sequence_rows(x, self.channels)
        checks.check_flag(reverse, "reverse")
        z, u, dt = self.in_proj(x).split([self.d_inner, self.conv_channels, self.heads], dim=-1)
        u = causal_conv(u, self.conv1d.weight.squeeze(1), self.conv1d.bias, reverse=reverse,
                        ptr=ptr, silu=True)
        size = self.ngroups * self.d_state
        u, B, C = u.split([self.d_inner, size, size], dim=-1)
        y = ssd(u.unflatten(-1, (self.heads, -1)), dt, -self.A_log.exp(),
                B.unflatten(-1, (self.ngroups, -1)), C.unflatten(-1, (self.ngroups, -1)), self.D,
                self.dt_bias, True, reverse, ptr, chunk_size=self.chunk_size)
        return self.out_proj(self.norm(y.flatten(-2), z))

    def extra_repr(self) -> str:
        """What tells it from other blocks."""
        return (f"{self.channels}, d_state={self.d_state}, d_conv={self.d_conv}, "
                f"headdim={self.headdim}, ngroups={self.ngroups}")
