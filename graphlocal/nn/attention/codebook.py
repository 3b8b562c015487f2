"""Centroids that follow the rows they are shown, by moving averages."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import checks
from .replicas import draw_rows, gather_rows

#: Rounds in which the first centroids are drawn, each by the distances the last one left.
_ROUNDS = 4
_EPS = 1e-5


class Codebook(nn.Module):
    r"""Vector quantisation by moving averages, as in "Neural Discrete Representation Learning"
    (arXiv:1711.00937, appendix A.1).

    Rows are normalised like in a batch norm without weights, :math:`\hat{\mathbf{x}}`, and each
    batch moves the centroids by what the nearest rows of it add up to:

    .. math::
        c_b \leftarrow \lambda c_b + (1 - \lambda) n_b, \quad
        \mathbf{t}_b \leftarrow \lambda \mathbf{t}_b + (1 - \lambda) \sum_{n : i_n = b}
        \hat{\mathbf{x}}_n, \quad \mathbf{e}_b = \mathbf{t}_b / c_b

    The first batch provides the statistics and the centroids: rows of it, far from one another
    (k-means\|\|, arXiv:1203.6402). A centroid whose count falls below a share of the mean is dead:
    no row may take it, and it becomes a row of the next batch, drawn by its distance to what it
    had to take. All draws depend on ``seed`` and the number of batches seen, and with
    ``torch.distributed`` running every process has the codebook of the joint batch.

    Args:
        num_centroids: How many.
        channels: Size of a row.
        decay: :math:`\lambda`. Default: ``0.99``.
        momentum: Weight of a batch in the statistics. Default: ``0.1``.
        dead_below: Share of the mean count. Default: ``0.01``.
        seed: Of the draws. Default: ``0``.

    Shapes:
        - **x:** :math:`(N, F)`

    Example:
        >>> codebook = Codebook(2, 1)
        >>> _ = codebook.observe(torch.tensor([[0.0], [0.0], [4.0], [4.0]]))
        >>> sorted(codebook.centroids().round(decimals=3).flatten().tolist())
        [0.0, 4.0]
    """

    def __init__(self, num_centroids: int, channels: int, *, decay: float = 0.99,
                 momentum: float = 0.1, dead_below: float = 0.01, seed: int = 0) -> None:
        super().__init__()
        self.num_centroids = checks.check_count(num_centroids, "num_centroids", least=1)
        self.channels = channels
        self.decay = checks.check_fraction(decay, "decay")
        self.momentum = checks.check_share(momentum, "momentum")
        self.dead_below = checks.check_fraction(dead_below, "dead_below")
        self.seed = checks.check_count(seed, "seed")
        for name in ("centroid", "total"):
            self.register_buffer(name, torch.empty(num_centroids, channels))
        self.register_buffer("count", torch.empty(num_centroids))
        self.register_buffer("running_mean", torch.empty(channels))
        self.register_buffer("running_var", torch.empty(channels))
        self.register_buffer("steps", torch.tensor(0))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Forgets all rows: random centroids of equal counts, until the first batch."""
        self.centroid.normal_()
        self.total.copy_(self.centroid)
        self.count.fill_(1)
        self.running_mean.zero_()
        self.running_var.fill_(1)
        self.steps.zero_()

    def assign(self, centroids: Tensor, counts: Tensor | None = None) -> None:
        """Sets the centroids, in the space of the rows, and how much each one stands for.

        Args:
            centroids: Centroids ``[B, F]``.
            counts: Counts ``[B]``. Default: ``None``, equal ones.

        Raises:
            GraphError: If there are not ``num_centroids`` of them, or one is not finite, or a count
                is below 0.
        """
        checks.check_features(centroids, self.channels, "centroids")
        if centroids.shape[0] != self.num_centroids:
            checks.fail("centroids", f"{centroids.shape[0]} rows",
                        f"{self.num_centroids}, one for each centroid")
        checks.check_finite_rows(centroids, "centroids")
        if counts is not None:
            counts = torch.as_tensor(counts)
            if counts.shape != (self.num_centroids,):
                checks.fail("counts", f"shape {tuple(counts.shape)}",
                            f"shape ({self.num_centroids},), one for each centroid")
            if not bool(((counts >= 0) & (counts < torch.inf)).all()):
                checks.fail("counts", "NaN, infinite or negative ones", "numbers of at least 0")
        with torch.no_grad():
            self.count.fill_(1)
            if counts is not None:
                self.count.copy_(counts)
            self.centroid.copy_((centroids - self.running_mean) / self._scale())
            self.total.copy_(self.centroid * self.count[:, None])
            self.steps.clamp_(min=1)

    def centroids(self) -> Tensor:
        """Centroids ``[B, F]`` in the space of the rows; no gradient reaches them."""
        return self.centroid * self._scale() + self.running_mean

    def alive(self) -> Tensor:
        """Which centroids ``[B]`` stand for enough to be taken."""
        return (self.count > self.dead_below * self.count.mean()) & (self.count > 0)

    @torch.compiler.disable
    def nearest(self, x: Tensor) -> Tensor:
        """Index of the nearest centroid of each row, by the statistics of all batches so far."""
        x = x.detach().to(self.centroid.dtype)
        return self._quantize((x - self.running_mean) / self._scale()).index

    @torch.compiler.disable
    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Takes statistics and centroids from the first batch; later ones change nothing.

        A batch without rows leaves it to the next.
        """
        if int(self.steps):
            return
        x = x.detach().to(self.centroid.dtype)
        rows, _ = gather_rows(x)
        if rows.shape[0] == 0:
            return
        mean, var = rows.mean(dim=0), rows.var(dim=0, correction=0)
        self._check(rows, mean, var)
        self.running_mean.copy_(mean)
        if rows.shape[0] > 1:
            self.running_var.copy_(var)
        x = (rows - self.running_mean) / self._scale()  # every process draws from all rows
        self.count.zero_()
        error, filled = torch.ones_like(x[:, 0]), 0
        for round in range(1, _ROUNDS + 1):
            wanted = -(-self.num_centroids * round // _ROUNDS) - filled
            drawn = draw_rows(x, error, wanted, self._key(round), joint=False)
            self.centroid[filled : filled + len(drawn)] = drawn
            self.count[filled : filled + len(drawn)] = 1
            filled += len(drawn)
            error = self._quantize(x).error
        found = self._quantize(x)
        self.count.copy_(found.count)
        self._settle(found.total)
        self.steps.fill_(1)

    @torch.compiler.disable
    @torch.no_grad()
    def observe(self, x: Tensor) -> Tensor:
        """Moves statistics and centroids by a batch.

        Args:
            x: Rows ``[N, F]``, those of this process where there are several.

        Returns:
            Index ``[N]`` of the nearest centroid of each row, before they moved.
        """
        self.start(x)
        x, rows = self._normalized(x.detach().to(self.centroid.dtype))
        if rows == 0:
            return torch.zeros(0, dtype=torch.long, device=x.device)
        found = self._quantize(x)
        change = ops.joint_sum(torch.cat([found.count[:, None], found.total], dim=1))
        change = change.to(self.count.dtype)
        self.count.lerp_(change[:, 0], 1 - self.decay)
        self._settle(self.total.lerp(change[:, 1:], 1 - self.decay))
        self._revive(x, found.error)
        self.steps.add_(1)
        return found.index

    def _settle(self, total: Tensor) -> None:
        """Centroids are totals over counts, where anything was counted."""
        kept = self.count[:, None] > torch.finfo(self.count.dtype).tiny
        self.total.copy_(total)
        self.centroid.copy_(torch.where(kept, total / self.count[:, None], self.centroid))

    def _revive(self, x: Tensor, error: Tensor) -> None:
        dead = (~self.alive()).nonzero().squeeze(1)
        if len(dead) == 0:
            return
        # What sits on a centroid up to rounding needs no other one.
        error = error.masked_fill(error <= _EPS**2 * self.channels, 0)
        drawn = draw_rows(x, error, len(dead), self._key(0))
        dead = dead[: len(drawn)]
        # A row of this batch, but enough of it to live until the next ones come.
        count = (self.count.mean() / 10).clamp(min=1)
        self.centroid[dead] = drawn
        self.count[dead] = count
        self.total[dead] = drawn * count

    def _normalized(self, x: Tensor) -> tuple[Tensor, int]:
        """By the mean and variance of the joint batch, which move the running ones; and how many
        rows that is."""
        away = x - self.running_mean
        sums = ops.joint_sum(torch.cat([away.sum(dim=0), away.square().sum(dim=0),
                                        x.new_full((1,), x.shape[0])]))
        self._check(x, sums)  # before anything moves
        rows = int(sums[-1])
        if rows < 2:  # one row has no variance
            return away / self._scale(), rows
        shift = sums[: self.channels] / rows
        var = (sums[self.channels : -1] / rows - shift.square()).clamp(min=0)
        normal = (away - shift) / (var + _EPS).sqrt()
        self.running_mean.add_(shift * self.momentum)
        # Not the unbiased one of a batch norm: centroids would be scaled by what rows are not.
        self.running_var.lerp_(var, self.momentum)
        return normal, rows

    def _check(self, x: Tensor, *statistics: Tensor) -> None:
        """Statistics that one batch would spoil for good."""
        if all(bool(found.isfinite().all()) for found in statistics):
            return
        checks.check_finite_rows(x, "x", "they are nearest to no centroid")
        checks.fail("x", f"numbers whose squares {self.centroid.dtype} cannot hold, or that are "
                    "not finite in another process", "smaller ones", "scale the features")

    def _quantize(self, x: Tensor) -> ops.Quantized:
        with torch.autocast(x.device.type, enabled=False):
            return ops.vector_quantize(x, self.centroid, self.alive())

    def _scale(self) -> Tensor:
        return (self.running_var + _EPS).sqrt()

    def _key(self, round: int) -> int:
        return hash((self.seed, int(self.steps), round)) & (2**62 - 1)

    def extra_repr(self) -> str:
        return f"{self.num_centroids}, {self.channels}, decay={self.decay}"
