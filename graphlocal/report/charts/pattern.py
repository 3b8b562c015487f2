"""A graph of few nodes drawn small, to stand for itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable
from functools import cache


def pattern(size: int, edges: Iterable[tuple[int, int]], marked: Collection[int]) -> str:
    """An SVG group, 26 units wide and high, of a graph with some of its nodes marked.

    Args:
        size: Number of nodes, at most five.
        edges: Pairs of them.
        marked: Nodes drawn in the second colour.

    Example:
        >>> drawing = pattern(3, [(0, 1), (1, 2)], [1])
        >>> drawing.count('class="self"'), drawing.count('class="node"')
        (1, 2)
    """
    edges = tuple(edges)
    place = _places(size, edges)
    lines = "".join(f"M{place[u][0]:.1f} {place[u][1]:.1f}L{place[v][0]:.1f} {place[v][1]:.1f}"
                    for u, v in edges)
    return f'<path class="small" d="{lines}"/>' + "".join(
        f'<circle class="{"self" if i in marked else "node"}" cx="{x:.1f}" cy="{y:.1f}" '
        f'r="{3.6 if i in marked else 2.5}"/>' for i, (x, y) in enumerate(place))


@cache
def _places(size: int, edges: tuple[tuple[int, int], ...]) -> list[tuple[float, float]]:
    """Places of the nodes among the corners of a polygon, or its middle, with the fewest crossings,
    then the shortest edges."""
    if size == 1:
        return [(13.0, 13.0)]
    best: tuple[float, float, list[tuple[float, float]]] | None = None
    for corners in ([size] if size < 4 else [size, size - 1]):
        turn = math.pi / 2 if corners % 2 else math.pi / corners
        if corners == 2:
            turn = 0.0
        spots = [(13 + 10.5 * math.cos(turn + 2 * math.pi * i / corners),
                  13 - 10.5 * math.sin(turn + 2 * math.pi * i / corners)) for i in range(corners)]
        spots += [(13.0, 13.0)] * (size - corners)
        for order in itertools.permutations(range(size)):
            place = [spots[i] for i in order]
            crossed = sum(_cross(place[a], place[b], place[c], place[d])
                          for (a, b), (c, d) in itertools.combinations(edges, 2))
            # A corner in the middle costs a little: paths and rings are drawn as such.
            length = sum(math.dist(place[a], place[b]) for a, b in edges) + 9 * (size - corners)
            if best is None or (crossed, length) < (best[0] - 1e-9, best[1] - 1e-9) or (
                    crossed == best[0] and length < best[1] - 1e-9):
                best = (crossed, length, place)
    assert best is not None
    return best[2]


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float],
           d: tuple[float, float]) -> int:
    """1 where two lines meet in more than an end they share; lying on one another counts more."""
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    if len({a, b, c, d}) < 4:
        shared = ({a, b} & {c, d}).pop()
        p, q = ({a, b} - {shared}).pop(), ({c, d} - {shared}).pop()
        same_way = (p[0] - shared[0]) * (q[0] - shared[0]) + (p[1] - shared[1]) * (q[1] - shared[1])
        return 3 if abs(side(shared, p, q)) < 1e-6 and same_way > 0 else 0
    s = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)]
    return int(s[0] * s[1] <= 1e-9 and s[2] * s[3] <= 1e-9)
