"""Pairs of nodes from a file, by the ids of a graph that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import checks
from .edge_list import data_lines, find_layout, has_returns, parse_edges
from .formats import find_format
from .lookup import find_nodes
from .sources import Buffer, open_source

if TYPE_CHECKING:
    from .csr import CSRGraph


def read_pairs(
    source: Any,
    graph: CSRGraph,
    *,
    sep: str | None = None,
    header: bool | None = None,
    unknown: Literal["error", "skip"] = "error",
) -> tuple[NDArray[np.int64], int]:
    """Positions of the pairs that a file lists, in its order, repetitions kept.

    Two ids a line as in an edge list, or two columns of Parquet; further columns are not looked
    at. Ids are read as those of the graph are: integers or names.

    Args:
        source: Path, open file or bytes; gzip is unpacked.
        graph: Where the ids are looked up.
        sep: One character between columns; ``None`` finds it. (default: ``None``)
        header: Whether the first line names the columns; ``None`` finds out. (default: ``None``)
        unknown: What to do with a pair of which the graph has not both: refuse the file
            (``"error"``), or leave the pair out (``"skip"``). (default: ``"error"``)

    Returns:
        The positions, and how many pairs were left out.

    Shapes:
        - **output:** :math:`(P, 2)`

    Raises:
        GraphError: Naming file and line, if a line is no pair or an id is unknown.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.read(b"ann bob\\nbob eve\\n")
        >>> positions, skipped = read_pairs(b"eve,ann\\nann,tom\\n", graph, unknown="skip")
        >>> positions.tolist(), skipped
        ([[2, 0]], 1)
    """
    checks.check_choice(unknown, "unknown", ("error", "skip"))
    name, content = open_source(source)
    ids: Literal["int", "str"] = (
        "int" if graph.ids is None or graph.ids.dtype.kind in "iu" else "str")
    if find_format(name, content) == "parquet":
        from .streaming.parquet import read_parquet

        listed, lines = read_parquet(name, content, False, ids), None
    else:
        if has_returns(content):  # lines are counted as the parser counts them
            content = bytes(content[:]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        listed = parse_edges(name, content, sep=sep, header=header, weight=False, ids=ids)
        lines = (content, sep, header, ids)
    pairs = listed.edge_index.T
    if listed.names is None:
        positions = find_nodes(graph, pairs)
    else:  # every name is looked up once
        positions = find_nodes(graph, listed.names)[pairs]
    known = (positions >= 0).all(axis=1)
    missing = len(known) - int(np.count_nonzero(known))
    if missing and unknown == "error":
        row = int(np.argmin(known))
        value = pairs[row, int(positions[row, 0] >= 0)]
        shown = repr(int(value) if listed.names is None else str(listed.names[value]))
        where = "" if lines else f" in row {row + 1}"
        checks.fail_file(
            name, f"id {shown}{where}", "ids of nodes of the graph",
            f"{missing:,} of {len(known):,} pairs have another; they can be skipped",
            line=_line_of(name, row, *lines) if lines else None)
    return np.ascontiguousarray(positions[known] if missing else positions), missing


def _line_of(
    name: str, row: int, content: Buffer, sep: str | None, header: bool | None, ids: str
) -> int | None:
    layout = find_layout(name, content, sep, header, False, ids)
    for number, (start, _) in enumerate(data_lines(content, layout.start if layout else 0)):
        if number == row:
            return bytes(content[:start]).count(b"\n") + 1
    return None
