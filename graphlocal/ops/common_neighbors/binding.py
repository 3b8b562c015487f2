"""The fast versions as operators of torch. Lists of nodes have no gradient."""

from __future__ import annotations

from . import reference


def overlap(rowptr, col, visible, pairs, part, hops):
    return reference.common_neighbors(rowptr, col, visible, pairs, part, tuple(hops))


def split(rowptr, col, visible, pairs):
    return tuple(overlap(rowptr, col, visible, pairs, part, (1, 1)) for part in (
        "both", "left", "right"))


def counts(rowptr, col, visible, pairs, part, hops):
    return overlap(rowptr, col, visible, pairs, part, hops)[0].diff()
