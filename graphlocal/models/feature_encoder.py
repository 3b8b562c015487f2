"""Numbers and kinds as channels: the first map of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from ..graph import checks
from ..nn.dropout import Dropout
from ..nn.feature_linear import FeatureLinear

#: Sizes of the columns of OGB's molecules: what atoms and bonds are described by.
ATOM = (119, 5, 12, 12, 10, 6, 6, 2, 2)
BOND = (5, 6, 2)

#: A number of columns, or the number of kinds in each, by name for OGB's molecules.
Features = int | Sequence[int] | Literal["atom", "bond"]


class FeatureEncoder(nn.Module):
    """A linear map of numbers, or the sum of an embedding for each column of kinds.

    Args:
        in_channels: Number of columns with numbers; or the number of kinds in each column, for
            features that are integers; ``"atom"`` and ``"bond"`` are those of OGB's molecules.
        out_channels: Size of the output.
        argument: What the features are called in messages.
        dropout: Of numbers before the linear map, of the sum of embeddings after it.

    Shapes:
        - **x:** :math:`(N, F)`
        - **output:** :math:`(N, F_{out})`

    Raises:
        GraphError: If features have another shape, are no numbers or no such kinds.

    Example:
        >>> FeatureEncoder("atom", 16)(torch.zeros(3, 9, dtype=torch.long)).shape
        torch.Size([3, 16])
    """

    def __init__(self, in_channels: Features, out_channels: int, argument: str = "x",
                 dropout: float = 0.0) -> None:
        super().__init__()
        self.argument = argument
        if isinstance(in_channels, str):
            checks.check_choice(in_channels, f"channels of {argument}", ("atom", "bond"))
            in_channels = ATOM if in_channels == "atom" else BOND
        self.linear = self.embedding = None
        if not isinstance(in_channels, Sequence):
            self.in_channels = checks.check_count(in_channels, f"channels of {argument}", least=1)
            self.linear = FeatureLinear(self.in_channels, out_channels, dropout=dropout)
            return
        kinds = [checks.check_count(size, f"kinds of {argument}", least=1) for size in in_channels]
        if not kinds:
            checks.fail(f"kinds of {argument}", "none", "a number for each column")
        self.in_channels, self.kinds = len(kinds), kinds
        # One table: the kinds of a column follow those of the column before.
        starts = [sum(kinds[:column]) for column in range(len(kinds))]
        self.register_buffer("start", torch.tensor(starts), persistent=False)
        self.embedding = nn.EmbeddingBag(sum(kinds), out_channels, mode="sum")
        self.drop = Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        if self.linear is not None:
            self.linear.reset_parameters()
        else:
            # The sum over columns has the variance of one.
            nn.init.normal_(self.embedding.weight, std=len(self.kinds) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Channels of every row.

        Args:
            x: Numbers or kinds.
        """
        rows = "E" if self.argument == "edge_attr" else "N"
        if self.linear is not None:
            return self.linear(checks.check_features(x, self.in_channels, self.argument, rows))
        if not isinstance(x, Tensor) or x.is_floating_point() or x.is_complex():
            got = str(x.dtype) if isinstance(x, Tensor) else type(x).__name__
            checks.fail(self.argument, got, "integers, kinds counted from 0",
                        kind=checks.GraphTypeError)
        x = x[:, None] if x.dim() == 1 else x
        if x.dim() != 2 or x.size(1) != self.in_channels:
            checks.fail(self.argument, f"shape {tuple(x.shape)}",
                        f"shape ({rows}, {self.in_channels})")
        if x.size(0) == 0:
            return self.embedding.weight.new_zeros(0, self.embedding.embedding_dim)
        if not torch.compiler.is_compiling():
            low, high = x.amin(0), x.amax(0)
            for column, size in enumerate(self.kinds):
                checks.check_bounds(int(low[column]), int(high[column]),
                                    f"{self.argument}[:, {column}]", size, "the number of kinds")
        return self.drop(self.embedding(x.long() + self.start))
