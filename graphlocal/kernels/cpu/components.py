"""Connected components by breadth-first search."""

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
