"""Names of the 28 orbit adjacencies."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...graph.checks import GraphTypeError, fail


class Orbits(NamedTuple):
    """An orbit adjacency: distance inside the graphlet, orbit of the row, orbit of the column.

    Example:
        >>> Orbits(1, 4, 5).transposed
        Orbits(hop=1, i=5, j=4)
    """

    hop: int
    i: int
    j: int

    @property
    def transposed(self) -> Orbits:
        """The same pairs seen from the other end."""
        return Orbits(self.hop, self.j, self.i)

    @property
    def symmetric(self) -> bool:
        """Whether both ends are on one orbit."""
        return self.i == self.j


# In the order in which the edge kernel counts them; (0,0), the edges themselves, stands before.
ONE_HOP = tuple(Orbits(1, i, j) for i, j in (
    (1, 2), (3, 3), (4, 5), (5, 5), (6, 7), (8, 8), (9, 11), (10, 10), (10, 11), (12, 13),
    (13, 13), (14, 14)))
# In the order in which the row kernel counts them, transposes included.
TWO_HOP = tuple(Orbits(2, i, j) for i, j in (
    (1, 1), (4, 5), (5, 4), (6, 6), (8, 8), (9, 10), (10, 9), (12, 12)))
EDGES, ENDS = Orbits(1, 0, 0), Orbits(3, 4, 4)


def _with_transposes(one_way: tuple[Orbits, ...]) -> tuple[Orbits, ...]:
    return tuple(name for orbits in one_way for name in (
        (orbits,) if orbits.symmetric else (orbits, orbits.transposed)))


#: All 28, by distance and then by orbits, each followed by its transpose.
ORBIT_ADJACENCIES = (EDGES, *_with_transposes(ONE_HOP), *TWO_HOP, ENDS)

#: The pairs of every graphlet with two to four nodes, G0 to G8, in both orientations.
GRAPHLET_PAIRS: tuple[tuple[Orbits, ...], ...] = tuple(
    tuple(name for name in ORBIT_ADJACENCIES if name.i in orbits)
    for orbits in ((0,), (1, 2), (3,), (4, 5), (6, 7), (8,), (9, 10, 11), (12, 13), (14,)))


def check_orbits(hop: Any, i: Any, j: Any) -> Orbits:
    """One of the 28.

    Raises:
        GraphError: If there is no such orbit adjacency; the message lists those there are.

    Example:
        >>> check_orbits(3, 4, 4)
        Orbits(hop=3, i=4, j=4)
    """
    numbers = []
    for argument, value in (("hop", hop), ("i", i), ("j", j)):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            fail(argument, repr(value), "an integer", kind=GraphTypeError)
        numbers.append(value.__index__())
    orbits = Orbits(*numbers)
    if orbits not in ORBIT_ADJACENCIES:
        known = ", ".join(f"({h}; {a},{b})" for h, a, b in ORBIT_ADJACENCIES)
        fail("(hop, i, j)", f"({hop}; {i},{j})", f"one of the 28 orbit adjacencies {known}",
             "an orbit adjacency needs two orbits of one graphlet at that distance inside it")
    return orbits
