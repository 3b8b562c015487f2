"""A graph becomes a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph, checks
from .executors import executing
from .registry import DEFAULT, METRICS, resolve, without_parts
from .table import NodeTable


def metrics(
    source: Any,
    names: str | Iterable[str] = DEFAULT,
    *,
    executor: Executor | None = None,
    seed: int = 0,
    starting: Callable[[str], None] | None = None,
) -> NodeTable:
    """Metrics of every node in one table.

    Args:
        source: The path of a file, or anything else :func:`~graphlocal.graph.as_graph` takes.
        names: Metrics, as a list or comma-separated; ``"all"`` means every one of
            ``graphlocal metrics --list`` but those that it excepts.
            (default: ``("degree", "triangles", "clustering", "core", "component")``)
        executor: Where blocks of rows are computed, as in
            :func:`~graphlocal.topology.executing`; ``None`` is on threads here.
            (default: ``None``)
        seed: Seed of the metrics that are drawn at random. (default: ``0``)
        starting: Called with the name of each metric before it is computed. (default: ``None``)

    Shapes:
        - **output:** a table of :math:`N` rows

    Raises:
        GraphError: If no graph can be made from ``source`` or a metric is unknown.
        BlockError: If a block fails on the executor.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> table = metrics(graph, ["degree", "core"])
        >>> table["core"].tolist()
        [2, 2, 2, 1]
    """
    chosen = resolve(names)
    seed = checks.check_count(seed, "seed")
    graph = as_graph(source, "source")
    values: dict[str, NDArray[Any]] = {}

    def compute(name: str) -> NDArray[Any]:
        if name not in values:
            metric = METRICS[name]
            given: dict[str, Any] = {other: compute(other) for other in metric.uses}
            if metric.seeded:
                given["seed"] = seed
            if starting is not None:
                starting(name)
            values[name] = metric.function(graph, **given)
        return values[name]

    columns: dict[str, NDArray[Any]] = {}
    with executing(executor):
        for name in without_parts(chosen):
            metric = METRICS[name]
            array = compute(name).reshape(graph.num_nodes, len(metric.columns))
            columns.update(zip(metric.columns, array.T, strict=True))
    ids = graph.ids if graph.ids is not None else np.arange(graph.num_nodes)
    return NodeTable(ids, columns, source=Path(source) if _is_path(source) else None)


def _is_path(source: Any) -> bool:
    return isinstance(source, (str, os.PathLike))
