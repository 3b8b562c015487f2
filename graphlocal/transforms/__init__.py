"""PyG transforms that write what topology measures into ``Data``.

Each takes a ``Data`` or a ``Batch`` and gives to a ``Batch`` what it gives to its graphs one by
one, and each counts on the undirected graph: a directed one is taken as undirected, parallel
edges as one, self loops as none. :class:`ConcentrationReweighting` alone weighs the edges as they
stand, for message passing.
"""

from .concentration_reweighting import ConcentrationReweighting
from .edge_orbit_counts import AddEdgeOrbitCounts
from .hop_features import AddHopFeatures, hop_features
from .laplacian_encoding import AddLaplacianEncoding
from .orbit_adjacency import AddOrbitAdjacency
from .orbit_counts import AddOrbitCounts
from .random_projection import AddRandomProjection, random_projection
from .random_walk_encoding import AddRandomWalkEncoding
from .topology import AddTopology

__all__ = [
    "AddEdgeOrbitCounts",
    "AddHopFeatures",
    "AddLaplacianEncoding",
    "AddOrbitAdjacency",
    "AddOrbitCounts",
    "AddRandomProjection",
    "AddRandomWalkEncoding",
    "AddTopology",
    "ConcentrationReweighting",
    "hop_features",
    "random_projection",
]
