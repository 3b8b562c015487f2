"""Every check of every input. A message names the argument, what it got, what was expected, and
what to do about it.

They are called as ``checks.check_count(...)``; the files group them by what they look at.
"""

from __future__ import annotations

from ..errors import GraphError as GraphError  # what the other rooms raise, through here
from ..errors import GraphTypeError as GraphTypeError
from ..errors import fail as fail
from ..errors import fail_file as fail_file
from .arrays import check_bounds as check_bounds
from .arrays import check_index_range as check_index_range
from .arrays import check_integer_dtype as check_integer_dtype
from .arrays import check_integers as check_integers
from .arrays import check_nonnegative as check_nonnegative
from .arrays import check_operand as check_operand
from .arrays import to_numpy as to_numpy
from .attention import check_attention_operands as check_attention_operands
from .attention import check_edge_heads as check_edge_heads
from .attention import check_scale as check_scale
from .batches import check_groups as check_groups
from .batches import check_sorted as check_sorted
from .features import check_edge_features as check_edge_features
from .features import check_features as check_features
from .features import check_finite_rows as check_finite_rows
from .features import check_heads as check_heads
from .files import check_output as check_output
from .files import check_suffix as check_suffix
from .graphs import bounded_num_nodes as bounded_num_nodes
from .graphs import check_csr as check_csr
from .graphs import check_edge_index as check_edge_index
from .graphs import check_edge_tensor as check_edge_tensor
from .graphs import check_ids as check_ids
from .graphs import check_ptr as check_ptr
from .graphs import check_rowptr as check_rowptr
from .graphs import check_sums as check_sums
from .graphs import check_undirected as check_undirected
from .graphs import check_weight as check_weight
from .graphs import infer_num_nodes as infer_num_nodes
from .graphs import known_num_nodes as known_num_nodes
from .heads import check_tensor as check_tensor
from .hops import check_hops as check_hops
from .labels import check_label_range as check_label_range
from .labels import check_labels as check_labels
from .labels import check_mask as check_mask
from .memory import check_memory as check_memory
from .memory import fail_memory as fail_memory
from .node_pairs import check_node_pairs as check_node_pairs
from .node_pairs import check_nodes as check_nodes
from .node_pairs import check_pair_rows as check_pair_rows
from .pairs import check_pair_columns as check_pair_columns
from .pairs import check_pair_range as check_pair_range
from .sampling import check_draw_weights as check_draw_weights
from .sampling import check_fan_out as check_fan_out
from .scans import check_direction as check_direction
from .scans import check_float_tensors as check_float_tensors
from .scans import check_sequence_rows as check_sequence_rows
from .scans import check_sequences as check_sequences
from .scans import check_shape as check_shape
from .shares import check_fraction as check_fraction
from .shares import check_shares as check_shares
from .shares import check_walk_weights as check_walk_weights
from .tables import check_columns as check_columns
from .tables import check_rows as check_rows
from .tables import check_same_ids as check_same_ids
from .tables import check_unique as check_unique
from .tokens import check_tokens as check_tokens
from .values import check_choice as check_choice
from .values import check_count as check_count
from .values import check_flag as check_flag
from .values import check_installed as check_installed
from .values import check_number as check_number
from .values import check_positive as check_positive
from .values import check_range as check_range
from .values import check_share as check_share
