"""Eigenvectors of the Laplacian as positions of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import check_count
from ..topology.laplacian import laplacian_eigenvectors
from .attach import append, check_free, check_name, graph_of, put_nodes


@functional_transform("add_laplacian_encoding")
class AddLaplacianEncoding(BaseTransform):
    r"""Adds where each node is in the smoothest eigenvectors of its graph's normalised Laplacian,
    the positional encoding of "Benchmarking Graph Neural Networks" (arXiv:2003.00982) (functional
    name: ``add_laplacian_encoding``).

    Every connected component is taken by itself, see
    :func:`~graphlocal.topology.laplacian_eigenvectors`. The sign of an eigenvector means nothing:
    the same one is stored each time, and :class:`~graphlocal.nn.encoding.LaplacianEncoder` flips it
    at random in training or is made blind to it. Columns beyond a component's eigenvectors are 0.

    Args:
        k: Number of eigenvectors. (default: ``8``)
        eigenvalues: Whether to add their eigenvalues too, as ``attr + "_eigenvalues"``.
            (default: ``False``)
        attr: ``"x"``, to append to it or to be it where there is none, or the name of a new
            attribute. (default: ``"laplacian_pe"``)
        seed: Of the iteration for components of more than 512 nodes. (default: ``0``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data[attr]`` :math:`(N, k)`, or :math:`(N, F + k)` behind ``x``; the
          eigenvalues :math:`(N, k)`. All are float32

    Raises:
        GraphError: If ``k`` is below 1, ``data`` has several types of nodes or a wrong
            ``edge_index``, ``data.x`` is not floating-point, or ``data`` has the attribute already.

    Example:
        >>> from torch_geometric.data import Data
        >>> path = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=3)
        >>> AddLaplacianEncoding(2)(path).laplacian_pe[:, 1]
        tensor([-0.5000,  0.7071, -0.5000])
    """

    def __init__(self, k: int = 8, eigenvalues: bool = False, attr: str = "laplacian_pe",
                 seed: int = 0) -> None:
        self.k = check_count(k, "k", least=1)
        self.eigenvalues = bool(eigenvalues)
        self.attr = check_name(attr)
        self.seed = check_count(seed, "seed")

    def forward(self, data: Any) -> Any:
        graph, device = graph_of(data), data.edge_index.device
        names = [self.attr, *([f"{self.attr}_eigenvalues"] if self.eigenvalues else [])]
        for name in names:
            if name != "x":
                check_free(data, name)
        values, vectors = (torch.from_numpy(part.astype(np.float32)).to(device) for part in
                           laplacian_eigenvectors(graph, self.k, seed=self.seed))
        for name, part in zip(names, (vectors, values), strict=False):
            put_nodes(data, name, append(data, "x", part) if name == "x" else part)
        return data

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(k={self.k}, eigenvalues={self.eigenvalues}, "
                f"attr='{self.attr}')")
