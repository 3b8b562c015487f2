"""Connected components by breadth-first search; of blocks of rows, by forests that are joined."""

from __future__ import annotations

from .parallel import jit


@jit
def label_components(rowptr, col, label, queue):
    """Component of each node, numbered by smallest node, into ``label``, which starts at -1.

    ``queue`` is scratch, ``[N]``. Returns the number of components.
    """
    count = 0
    for root in range(len(rowptr) - 1):
        if label[root] >= 0:
            continue
        label[root] = count
        queue[0] = root
        head = 0
        tail = 1
        while head < tail:
            v = queue[head]
            head += 1
            for e in range(rowptr[v], rowptr[v + 1]):
                u = col[e]
                if label[u] < 0:
                    label[u] = count
                    queue[tail] = u
                    tail += 1
        count += 1
    return count


@jit
def _root(parent, v):
    while parent[v] != v:
        parent[v] = parent[parent[v]]
        v = parent[v]
    return v


@jit
def join_rows(start, stop, rowptr, col, parent):
    """Joins the trees that edges of the rows connect; a root is the smallest node of its tree.

    ``parent`` of each node starts as the node itself.
    """
    for v in range(start, stop):
        for e in range(rowptr[v], rowptr[v + 1]):
            u = col[e]
            if u > v:  # the row of the larger end has this edge too
                break
            a, b = _root(parent, v), _root(parent, u)
            parent[max(a, b)] = min(a, b)


@jit
def join_pairs(source, target, parent):
    """As :func:`join_rows`, of pairs of nodes."""
    for i in range(len(source)):
        a, b = _root(parent, source[i]), _root(parent, target[i])
        parent[max(a, b)] = min(a, b)


@jit
def number_trees(parent, label):
    """Numbers the trees by smallest node into ``label``."""
    count = 0
    for v in range(len(parent)):
        if parent[v] == v:
            label[v] = count
            count += 1
        else:
            label[v] = label[parent[v]]  # a parent is smaller than its child
