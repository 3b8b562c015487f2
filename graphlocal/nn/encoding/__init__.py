"""What is known of the place of nodes, turned into channels."""

from .laplacian_encoder import LaplacianEncoder
from .node_encoder import NodeEncoder
from .pair_features import pair_features
from .structural_encoder import StructuralEncoder

__all__ = [
    "LaplacianEncoder",
    "NodeEncoder",
    "StructuralEncoder",
    "pair_features",
]
