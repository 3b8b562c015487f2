"""Topological concentration: how much of a node's surroundings its links have around them too."""

from .approximate import approximate_topological_concentration
from .exact import topological_concentration
from .shift import DistributionShift, topological_distribution_shift
from .weighted import weighted_topological_concentration

__all__ = [
    "DistributionShift",
    "approximate_topological_concentration",
    "topological_concentration",
    "topological_distribution_shift",
    "weighted_topological_concentration",
]
