"""Orbit adjacencies as edge weights, or as edges of their own."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import check_choice, check_edge_index, fail
from ..topology import orbit_adjacency
from ..topology.orbit_adjacency.names import Orbits, check_orbits
from .attach import check_free, features, graph_of, put_edge_set, put_edges

Mode = Literal["edge_index", "edge_weight"]


@functional_transform("add_orbit_adjacency")
class AddOrbitAdjacency(BaseTransform):
    r"""Adds one of the 28 orbit adjacencies, see :func:`~graphlocal.topology.orbit_adjacency`, as
    weights of the edges or as edges of its own (functional name: ``add_orbit_adjacency``).

    An edge from ``u`` to ``v`` weighs :math:`\mathbf{A}_{h;i,j}[u, v]`: how many graphlets hold
    ``u`` on orbit i and ``v`` on orbit j, h hops apart.

    - ``mode="edge_index"`` adds ``edge_index_h_i_j``, sorted by row, and ``edge_weight_h_i_j``,
      of the pairs whose value is not zero. PyG batches both like ``edge_index``. The ends of
      paths, (3; 4,4), may be nearly all pairs of nodes.
    - ``mode="edge_weight"`` adds ``edge_weight``, one value for each entry of ``edge_index`` in
      its order, zeros included; self loops weigh zero. Only adjacencies of one hop lie on edges.

    Weights are float32.

    Args:
        hop: Distance inside the graphlet, 1 to 3; or all three as text, such as ``"2;1,1"``.
        i: Orbit of the source.
        j: Orbit of the target.
        mode: ``"edge_index"`` or ``"edge_weight"``. (default: ``"edge_index"``)
        log: Whether to take :math:`\log(1 + \cdot)` of the weights. (default: ``False``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data.edge_index_h_i_j`` :math:`(2, E_{h;i,j})` and
          ``data.edge_weight_h_i_j`` :math:`(E_{h;i,j})`, or ``data.edge_weight`` :math:`(E)`

    Raises:
        GraphError: If there is no such orbit adjacency, it cannot weigh edges, ``data`` has
            several types of nodes or a wrong ``edge_index``, or it has the attribute already.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> path = Data(edge_index=torch.tensor([[0, 1, 2], [1, 2, 3]]), num_nodes=4)
        >>> data = AddOrbitAdjacency(3, 4, 4)(path)
        >>> data.edge_index_3_4_4.tolist(), data.edge_weight_3_4_4.tolist()
        ([[0, 3], [3, 0]], [1.0, 1.0])
        >>> AddOrbitAdjacency("1;4,5", mode="edge_weight")(path).edge_weight
        tensor([1., 0., 0.])
    """

    def __init__(
        self, hop: int | str, i: int | None = None, j: int | None = None, *,
        mode: Mode = "edge_index", log: bool = False,
    ) -> None:
        if isinstance(hop, str):
            if i is not None or j is not None:
                fail("i", f"{i} beside the name {hop!r}", "nothing, as the name says it")
            hop, i, j = _parse(hop)
        self.orbits: Orbits = check_orbits(hop, i, j)
        self.mode: Mode = check_choice(mode, "mode", ("edge_index", "edge_weight"))
        if mode == "edge_weight" and self.orbits.hop != 1:
            fail("mode", f"'edge_weight' for {self._name()}", "an orbit adjacency of one hop",
                 "nodes further apart have no edge to weigh: mode='edge_index' makes new edges")
        self.log = bool(log)

    def forward(self, data: Any) -> Any:
        graph = graph_of(data)
        names = ("edge_weight",)
        if self.mode == "edge_index":
            names = tuple(f"{kind}_" + "_".join(map(str, self.orbits))
                          for kind in ("edge_index", "edge_weight"))
        for name in names:
            check_free(data, name)
        matrix, device = orbit_adjacency(graph, *self.orbits), data.edge_index.device
        row = np.repeat(np.arange(graph.num_nodes), np.diff(matrix.indptr))
        if self.mode == "edge_index":
            pairs = torch.from_numpy(np.stack([row, matrix.indices.astype(np.int64)])).to(device)
            put_edge_set(data, *names, pairs, features(matrix.data, self.log, device).float())
        else:
            index, _ = check_edge_index(data.edge_index, graph.num_nodes)
            values = _look_up(row, matrix.indices, matrix.data, index, graph.num_nodes)
            put_edges(data, "edge_weight", features(values, self.log, device).float())
        return data

    def _name(self) -> str:
        hop, i, j = self.orbits
        return f"({hop}; {i},{j})"

    def __repr__(self) -> str:
        hop, i, j = self.orbits
        return f"{type(self).__name__}({hop}, {i}, {j}, mode='{self.mode}', log={self.log})"


def _parse(name: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"\s*\(?\s*(\d+)\s*;\s*(\d+)\s*,\s*(\d+)\s*\)?\s*", name)
    if found is None:
        fail("hop", repr(name), "a distance and two orbits, such as '2;1,1'")
    hop, i, j = map(int, found.groups())
    return hop, i, j


def _look_up(
    row: NDArray[np.int64], col: NDArray[np.integer], values: NDArray[np.int64],
    index: NDArray[np.int64], num_nodes: int,
) -> NDArray[np.int64]:
    """Values of a sparse matrix, its entries in order, at given places; 0 where it has none."""
    found = np.zeros(index.shape[1], np.int64)
    if len(values):
        keys, wanted = row * num_nodes + col, index[0] * num_nodes + index[1]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        there = keys[at] == wanted
        found[there] = values[at[there]]
    return found
