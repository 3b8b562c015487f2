"""Dropout of attention weights: whether one stays is computed from its edge and its head."""

from __future__ import annotations

import numpy as np

from .dropout import draw, mix
from .parallel import jit


@jit
def is_kept(edge, head, heads, low, high, keep):
    """Whether the weight of an edge and a head stays: 32 bits drawn for the two are below
    ``keep``.

    The seeds ``low`` and ``high`` name the draw, so that the backward pass finds it again. It
    depends on the number of the edge alone, not on the order in which edges are walked.
    """
    place = np.uint64(edge) * np.uint64(heads) + np.uint64(head)
    # 0 for the first 2^32 places, another draw for each further round of them.
    turn = mix(np.uint32(place >> np.uint64(32)))
    return draw(np.uint32(place), np.uint32(low ^ turn), high) < keep
