"""Mini-batches of links and of nodes, pairs that are no edges, and tokens of nodes."""

from .link_loader import LinkLoader
from .local_tokens import LocalTokenSampler
from .negatives import NegativePairs
from .neighbor_loader import NeighborLoader
from .subgraph import common_neighbor_graph, induced_edges, k_hop_nodes

__all__ = [
    "LinkLoader",
    "LocalTokenSampler",
    "NegativePairs",
    "NeighborLoader",
    "common_neighbor_graph",
    "induced_edges",
    "k_hop_nodes",
]
