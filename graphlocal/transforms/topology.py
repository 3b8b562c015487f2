"""Metrics of nodes as features."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph import CSRGraph
from ..topology.metrics import metrics as table_of
from ..topology.registry import resolve
from .attach import append, check_free, check_name, features, graph_of, put_nodes


@functional_transform("add_topology")
class AddTopology(BaseTransform):
    r"""Adds metrics of nodes, any of ``graphlocal metrics --list``, as features (functional name:
    ``add_topology``).

    Columns come as in the table of :func:`~graphlocal.topology.metrics`. All are float32. In a
    ``Batch`` every graph is measured by itself.

    Args:
        metrics: Names, as a list or comma-separated.
            (default: ``("degree", "triangles", "clustering", "core")``)
        log: Whether to take :math:`\log(1 + \cdot)` of whole numbers, as counts span many orders
            of magnitude; shares and scores stay as they are. (default: ``True``)
        attr: ``"x"``, to append to it or to be it where there is none, or the name of a new
            attribute. (default: ``"x"``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data[attr]`` :math:`(N, F + C)` for C columns

    Raises:
        GraphError: If a metric is unknown, ``data`` has several types of nodes or a wrong
            ``edge_index``, ``data.x`` is not floating-point, or ``data`` has the attribute already.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> paw = Data(edge_index=torch.tensor([[0, 1, 2, 2], [1, 2, 0, 3]]), num_nodes=4)
        >>> AddTopology()(paw)
        Data(edge_index=[2, 4], num_nodes=4, x=[4, 4])
        >>> AddTopology("clustering, core", log=False, attr="where")(paw).where[2]
        tensor([0.3333, 2.0000])
    """

    def __init__(
        self, metrics: str | Iterable[str] = ("degree", "triangles", "clustering", "core"),
        log: bool = True, attr: str = "x",
    ) -> None:
        self.metrics = resolve(metrics)
        self.log = bool(log)
        self.attr = check_name(attr)

    def forward(self, data: Any) -> Any:
        graph = graph_of(data)
        if self.attr != "x":
            check_free(data, self.attr)
        # Side by side, graphs would share a mean degree, ranks and the numbers of components.
        graphs = [graph] if not hasattr(data, "_slice_dict") else map(graph_of, data.to_data_list())
        found = np.concatenate([self._columns(one) for one in graphs])
        values = features(found, False, data.edge_index.device)
        put_nodes(data, self.attr, append(data, "x", values) if self.attr == "x" else values)
        return data

    def _columns(self, graph: CSRGraph) -> NDArray[np.float32]:
        table = table_of(graph, self.metrics)
        columns = [table[name] for name in table]
        return np.stack([
            (np.log1p(column) if self.log and column.dtype.kind in "iu" else column)
            .astype(np.float32) for column in columns], axis=1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.metrics}, log={self.log}, attr='{self.attr}')"
