"""Parts of neighbouring nodes, grown by breadth-first search."""

from __future__ import annotations

from .parallel import jit


@jit
def grow_parts(rowptr, col, order, group, part_size, part, queue, waiting, listed):
    """Part of each node into ``part``, -1 at first; returns how many there are.

    A part takes in breadth-first order what is still free around a node, until it has
    ``part_size`` of them or nothing is left nearby; then the search goes on at the rim of what was
    taken before, and where that is empty at the next free node of ``order``, which lists the nodes
    of a group one after another. No part has nodes of two groups. ``queue`` and ``waiting`` are
    scratch, ``[N]`` each, and ``listed`` is too, of zeros.
    """
    parts = 0
    size = 0
    current = -1
    for i in range(len(order)):
        first = order[i]
        if part[first] >= 0:
            continue
        if parts == 0 or group[first] != current:
            current = group[first]
            parts += 1
            size = 0
        top, bottom = 0, 0
        if listed[first] == 0:
            listed[first] = 1
            waiting[top] = first
            top += 1
        while bottom < top:
            start = waiting[bottom]
            bottom += 1
            if part[start] >= 0:
                continue
            if size == part_size:
                parts += 1
                size = 0
            part[start] = parts - 1
            size += 1
            queue[0] = start
            head, tail = 0, 1
            while head < tail:
                v = queue[head]
                head += 1
                for e in range(rowptr[v], rowptr[v + 1]):
                    u = col[e]
                    if part[u] >= 0 or group[u] != current:
                        continue
                    if size < part_size:
                        part[u] = parts - 1
                        size += 1
                        queue[tail] = u
                        tail += 1
                    elif listed[u] == 0:  # the rim: where the next part may start
                        listed[u] = 1
                        waiting[top] = u
                        top += 1
    return parts
