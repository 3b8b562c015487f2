"""Neural common neighbours with completion."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import checks
from .completion import check_samples, completion_weight, sample_lists, without
from .ncn import NCNPredictor
from .neighbors import Neighbors
from .pair_product import pair_product


class NCNCPredictor(NCNPredictor):
    r"""The predictor with completion of "Neural Common Neighbor with Completion for Link
    Prediction" (arXiv:2302.00890): a neighbour of one node counts as common by as much as the
    link to the other node is likely.

    .. math::
        \mathbf{s}_{ij} = \sum_{u \in \mathcal{N}(i) \cap \mathcal{N}(j)} \mathbf{x}_u +
        \sum_{u \in \mathcal{N}(i) \setminus \mathcal{N}(j)} c_{ju} \mathbf{x}_u +
        \sum_{u \in \mathcal{N}(j) \setminus \mathcal{N}(i)} c_{iu} \mathbf{x}_u, \qquad
        c = \alpha \, \frac{p_t \, p}{p_t \, p + 1 - p}, \qquad p = \sigma(s (y - o))

    in the place of the overlap of :class:`NCNPredictor`, where :math:`y` is the score the same
    weights give that link with one completion less. No gradient passes through it.

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of the hidden layers.
        out_channels: ``1``, since scores are turned into probabilities.
        num_layers: Hidden layers of the head. Default: ``1``.
        depth: Completions within each other; ``0`` is NCN. Each multiplies the number of scored
            pairs by twice the mean degree. Default: ``1``.
        alpha: How much completed neighbours count at most, a plain attribute that
            :func:`alpha_schedule` may set in every epoch; it is kept with the weights.
            Default: ``1``.
        scale: :math:`s`. Default: ``5``.
        offset: :math:`o`. Default: ``3``.
        pt: :math:`p_t`. Default: ``0.5``.
        learn_pt: Whether :math:`p_t` is learned, from the product of the features of the pair,
            starting around ``pt``. Default: ``False``.
        num_samples: In training, how many of the neighbours of only one node to look at; longer
            lists are drawn from, and what is drawn weighs more for it. ``None`` looks at all.
            Default: ``None``.
        eval_num_samples: The same outside training. Default: ``None``.
        seed: Of what is drawn outside training, which depends on it and on the pair alone.
            Default: ``0``.
        generator: What training draws from; ``None`` is torch's own. Default: ``None``.
        chunk_size: Pairs scored at a time for completion; memory, and nothing else, depends on it.
            Default: ``131072``.
        **kwargs: Of :class:`NCNPredictor`.

    With ``official_quirks=True`` completion follows the authors' code: the inner score takes the
    features after the node branch for those before it, forgets links of the graph once more in
    training, and scores pairs of a node with itself where the two nodes are joined by a link that
    was not excluded; otherwise such a neighbour is no candidate.

    Shapes:
        - **h:** :math:`(|\mathcal{V}|, F_{in})`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **output:** :math:`(P)`

    Raises:
        GraphError: If an argument or an input is out of range.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> pairs = torch.tensor([[0, 0], [2, 1]])
        >>> NCNCPredictor(16, 32, scale=4.3, offset=2.8, pt=0.75)(
        ...     torch.randn(3, 16), path, pairs).shape
        torch.Size([2])
    """

    arguments = (*NCNPredictor.arguments, "depth", "alpha", "scale", "offset", "pt", "learn_pt",
                 "num_samples", "eval_num_samples", "seed", "chunk_size")

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int = 1,
        num_layers: int = 1,
        *,
        depth: int = 1,
        alpha: float = 1.0,
        scale: float = 5.0,
        offset: float = 3.0,
        pt: float = 0.5,
        learn_pt: bool = False,
        num_samples: int | None = None,
        eval_num_samples: int | None = None,
        seed: int = 0,
        generator: torch.Generator | None = None,
        chunk_size: int = 131072,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, **kwargs)
        checks.check_count(out_channels, "out_channels", most=1)
        self.depth = checks.check_count(depth, "depth")
        self.alpha = checks.check_positive(alpha, "alpha", zero=True)
        self.scale = checks.check_positive(scale, "scale")
        self.offset = checks.check_number(offset, "offset")
        self.pt = checks.check_positive(pt, "pt")
        self.learn_pt = bool(learn_pt)
        self.num_samples = check_samples(num_samples, "num_samples")
        self.eval_num_samples = check_samples(eval_num_samples, "eval_num_samples")
        self.seed = checks.check_count(seed, "seed")
        if not isinstance(generator, (torch.Generator, type(None))):
            checks.fail("generator", type(generator).__name__, "a torch.Generator or None",
                        kind=checks.GraphTypeError)
        self.generator = generator
        self.chunk_size = checks.check_count(chunk_size, "chunk_size", least=1)
        self.pt_branch = None
        if learn_pt:
            if self.pt >= 1:
                checks.fail("pt", str(pt), "below 1, because learn_pt starts there")
            self.pt_branch = nn.Sequential(nn.Linear(in_channels, hidden_channels), nn.ReLU(),
                                           nn.Linear(hidden_channels, 1))
            self._start_at_pt()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if self.pt_branch is not None:
            self._start_at_pt()

    def get_extra_state(self) -> Tensor:
        """``alpha``, which a schedule moves as an optimizer moves weights."""
        return torch.tensor(self.alpha, dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        self.alpha = float(state)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # Weights that were kept before alpha was among them leave it as it is.
        state_dict.setdefault(prefix + "_extra_state", self.get_extra_state())
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _start_at_pt(self) -> None:
        with torch.no_grad():
            self.pt_branch[-1].bias.fill_(math.log(self.pt / (1 - self.pt)))

    def score(self, h: Tensor, neighbors: Neighbors, pairs: Tensor) -> Tensor:
        if self.training and self.num_samples is not None:
            device = "cpu" if self.generator is None else self.generator.device
            seed = torch.randint(2**62, (), generator=self.generator, device=device).to(h.device)
        else:
            seed = torch.tensor(self.seed, device=h.device)
        levels = [(h, self.transform(h))]  # what the scores of each level are made from
        for _ in range(self.depth if self.official_quirks else 0):
            with torch.no_grad():
                levels.append((levels[-1][1], self.transform(levels[-1][1])))
        return self._score(levels, neighbors, pairs, self.depth, seed)

    def _score(self, levels: list[tuple[Tensor, Tensor]], neighbors: Neighbors, pairs: Tensor,
               depth: int, seed: Tensor) -> Tensor:
        h, x = levels[0]
        if depth == 0 or self.alpha == 0:
            shared = neighbors.shared(pairs)
            if shared is None:
                return self.combine(h, neighbors.sum(x, pairs), None, pairs)
            return self.combine(h, ops.ragged_sum(x, *shared), shared[0].diff() > 0, pairs)
        both, *sides = neighbors.split(pairs)
        overlap = ops.ragged_sum(x, *both)
        some = both[0].diff() > 0
        pt = self.pt
        if self.pt_branch is not None:
            pt = torch.sigmoid(self.pt_branch(pair_product(h, pairs))).squeeze(1)
        samples = self.num_samples if self.training else self.eval_num_samples
        for (ptr, node), ends in zip(sides, (pairs, pairs.flip(0)), strict=True):
            # neighbours of ends[0], not of ends[1]
            if not self.official_quirks:
                ptr, node = without(ptr, node, ends[1])
            ptr, node, weight = sample_lists(ptr, node, samples, ends, seed)
            owner = torch.repeat_interleave(ptr.diff(), output_size=node.numel())
            logit = self._inner(levels, neighbors, torch.stack([ends[1][owner], node.long()]),
                                depth - 1, seed)
            own = pt[owner] if isinstance(pt, Tensor) else pt
            share = completion_weight(logit, self.alpha, self.scale, self.offset, own)
            share = share if weight is None else share * weight.to(share.dtype)
            overlap = overlap + ops.ragged_sum(x, ptr, node, share)
            some = some | (ptr.diff() > 0)
        return self.combine(h, overlap, some, pairs)

    @torch.no_grad()
    def _inner(self, levels: list[tuple[Tensor, Tensor]], neighbors: Neighbors, pairs: Tensor,
               depth: int, seed: Tensor) -> Tensor:
        """Scores ``[P]`` with one completion less; a pair that occurs often is scored once."""
        if self.official_quirks:
            levels = levels[1:]
            if self.training:
                neighbors = neighbors.drop(self.edge_dropout, symmetric=False)
        inverse = None
        if not (self.official_quirks and self.training):
            size = max(levels[0][0].size(0), 1)
            key, inverse = torch.unique(pairs.amin(0) * size + pairs.amax(0), return_inverse=True)
            pairs = torch.stack([key // size, key % size])
        parts = [self._score(levels, neighbors, part, depth, seed)
                 for part in pairs.split(self.chunk_size, dim=1)]
        logit = torch.cat(parts).squeeze(1)
        return logit if inverse is None else logit[inverse]
