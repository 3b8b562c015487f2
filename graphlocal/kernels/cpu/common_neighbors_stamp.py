"""Intersection and difference of one row with many: its nodes are marked once.

For pairs that are grouped by their first node, such as all candidates of one source.
"""

from __future__ import annotations

from .parallel import jit


@jit
def stamp(rowptr, col, visible, node, mark, value):
    """Marks the neighbours of a node, or takes the marks away."""
    for entry in range(rowptr[node], rowptr[node + 1]):
        if len(visible) == 0 or visible[entry]:
            mark[col[entry]] = value


@jit
def shared_with_stamped(col, visible, b, b_end, mark, out, at):
    """Nodes of a row that are marked."""
    for entry in range(b, b_end):
        node = col[entry]
        out[at] = node
        at += mark[node] and (len(visible) == 0 or visible[entry])
    return at
