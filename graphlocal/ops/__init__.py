"""The sparse-ops core as torch sees it: a graph prepared once, and the ops layers are made of."""

from .additive_attention import gat_attention, gatv2_attention
from .adjacency import Adjacency, as_adjacency
from .causal_conv import causal_conv
from .collective import joint_sum, num_processes, process_rank
from .common_neighbors import common_neighbor_counts, common_neighbors, neighbor_split
from .dispatch import explain
from .hop_neighbors import HopNeighbors, hop_neighbors
from .links import edge_mask, link_mask
from .memory import remember
from .neighbor_attention import neighbor_attention
from .overlap_sum import overlap_sum, ragged_sum
from .random_walks import random_walks
from .sample_neighbors import NeighborSample, sample_neighbors
from .segment_reduce import segment_reduce
from .segment_softmax import segment_softmax
from .selective_scan import selective_scan
from .simple import SimpleGraph, as_simple
from .spmm import spmm
from .ssd import ssd
from .vector_quantize import Quantized, vector_quantize

__all__ = [
    "Adjacency",
    "HopNeighbors",
    "NeighborSample",
    "Quantized",
    "SimpleGraph",
    "as_adjacency",
    "as_simple",
    "causal_conv",
    "common_neighbor_counts",
    "common_neighbors",
    "edge_mask",
    "explain",
    "gat_attention",
    "gatv2_attention",
    "hop_neighbors",
    "joint_sum",
    "link_mask",
    "neighbor_attention",
    "neighbor_split",
    "num_processes",
    "overlap_sum",
    "process_rank",
    "ragged_sum",
    "random_walks",
    "remember",
    "sample_neighbors",
    "segment_reduce",
    "segment_softmax",
    "selective_scan",
    "spmm",
    "ssd",
    "vector_quantize",
]
