"""What orbit counts say of nodes and graphs: similarities and distances."""

from .agreement import gdd_agreement
from .correlation import (
    GCM_ORBITS,
    graphlet_correlation_distance,
    graphlet_correlation_matrix,
)
from .frequency import relative_graphlet_frequency_distance
from .similarity import gdv_similarity, gdv_similarity_matrix, orbit_weights

__all__ = [
    "GCM_ORBITS",
    "gdd_agreement",
    "gdv_similarity",
    "gdv_similarity_matrix",
    "graphlet_correlation_distance",
    "graphlet_correlation_matrix",
    "orbit_weights",
    "relative_graphlet_frequency_distance",
]
