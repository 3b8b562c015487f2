"""Orbit counts as features of nodes."""

from __future__ import annotations

from typing import Any, Literal

from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import check_choice
from ..topology.orbits import orbit_counts
from .attach import append, check_free, check_name, features, graph_of, put_nodes


@functional_transform("add_orbit_counts")
class AddOrbitCounts(BaseTransform):
    r"""Adds to every node how often it takes each place in each graphlet, see
    :func:`~graphlocal.topology.orbit_counts` (functional name: ``add_orbit_counts``).

    .. math::
        \mathbf{x}_v \leftarrow \mathbf{x}_v \,\Vert\, \log(1 + \mathbf{o}_v)

    Counts with the logarithm are float32. Raw ones are int64 in an attribute of their own; in
    ``x`` they take its dtype, at least float32, which is exact up to :math:`2^{24}`.

    Args:
        size: 4 for 15 orbits, 5 for 73. (default: ``4``)
        log: Whether to take :math:`\log(1 + \cdot)`, as counts span many orders of magnitude.
            (default: ``True``)
        attr: ``"x"``, to append to it or to be it where there is none, or the name of a new
            attribute. (default: ``"x"``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data[attr]`` :math:`(N, F + 15)` or :math:`(N, F + 73)`

    Raises:
        GraphError: If an argument is unknown, ``data`` has several types of nodes or a wrong
            ``edge_index``, ``data.x`` is not floating-point, or ``data`` has the attribute already.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> paw = Data(edge_index=torch.tensor([[0, 1, 2, 2], [1, 2, 0, 3]]), num_nodes=4)
        >>> AddOrbitCounts()(paw)
        Data(edge_index=[2, 4], num_nodes=4, x=[4, 15])
        >>> AddOrbitCounts(log=False, attr="orbits")(paw).orbits[:, 3]  # triangles
        tensor([1, 1, 1, 0])
    """

    def __init__(self, size: Literal[4, 5] = 4, log: bool = True, attr: str = "x") -> None:
        self.size: Literal[4, 5] = check_choice(size, "size", (4, 5))
        self.log = bool(log)
        self.attr = check_name(attr)

    def forward(self, data: Any) -> Any:
        graph = graph_of(data)
        if self.attr != "x":
            check_free(data, self.attr)
        values = features(orbit_counts(graph, self.size), self.log, data.edge_index.device)
        put_nodes(data, self.attr, append(data, "x", values) if self.attr == "x" else values)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, log={self.log}, attr='{self.attr}')"
