"""The embedded data set: a graph of handwritten digits that needs no download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data, InMemoryDataset

from ..graph.checks import check_count, fail


class DigitsGraph(InMemoryDataset):
    r"""The nearest-neighbour graph of scikit-learn's handwritten digits.

    Nodes are the 1,797 images of 8 x 8 pixels, features their 64 grey values scaled to
    :math:`[0, 1]`, classes the ten digits. Each image is joined to its ``num_neighbors`` nearest
    images (Euclidean distance of the pixels, ties to the lower node number), and an edge counts in
    both directions: there are no self loops and no parallel edges. Pixels are small integers, so
    the distances are exact and the graph is the same on every machine.

    The split takes nodes at even steps through each class, in the order of the file (which runs
    through the writers), first ``num_train_per_class`` of them for training, then
    ``num_val_per_class`` of those left for validation; all others are for testing. No random
    generator is involved. The default is deliberately short of labels: with 100 of them, a
    network that sees only pixels errs about three times as often as one that sees the graph too.

    Args:
        num_neighbors (int, optional): Nearest images each image is joined to. (default: ``5``)
        num_train_per_class (int, optional): Training nodes of each class. (default: ``10``)
        num_val_per_class (int, optional): Validation nodes of each class. (default: ``50``)
        transform (callable, optional): Applied to the graph on every access.

    Shapes:
        - **x:** :math:`(1797, 64)` float32; **y:** :math:`(1797)` int64
        - **edge_index:** :math:`(2, 12618)` int64 with five neighbours, sorted by row
        - **train_mask, val_mask, test_mask:** :math:`(1797)` bool; 100, 500 and 1,197 nodes

    Raises:
        GraphError: If a count is not an integer, is below one, or leaves no test node in a class.

    Example:
        >>> from graphlocal.datasets import DigitsGraph
        >>> dataset = DigitsGraph()
        >>> dataset.num_classes, dataset.num_features
        (10, 64)
        >>> dataset[0].edge_index.shape
        torch.Size([2, 12618])
        >>> int(dataset[0].train_mask.sum()), int(dataset[0].test_mask.sum())
        (100, 1197)
    """

    def __init__(
        self,
        num_neighbors: int = 5,
        num_train_per_class: int = 10,
        num_val_per_class: int = 50,
        transform: Callable[[Data], Any] | None = None,
    ) -> None:
        from sklearn.datasets import load_digits

        super().__init__(None, transform)
        pixels, y = load_digits(return_X_y=True)
        k = check_count(num_neighbors, "num_neighbors", least=1)
        if k >= len(y):
            fail("num_neighbors", str(k), f"at most {len(y) - 1}", "an image is not its own "
                 "neighbour")
        part = _split(y, check_count(num_train_per_class, "num_train_per_class", least=1),
                      check_count(num_val_per_class, "num_val_per_class", least=1))
        self.data, self.slices = self.collate([Data(
            x=torch.from_numpy((pixels / 16).astype(np.float32)),
            edge_index=torch.from_numpy(_nearest_neighbors(pixels, k)),
            y=torch.from_numpy(y.astype(np.int64)),
            train_mask=torch.from_numpy(part == 0),
            val_mask=torch.from_numpy(part == 1),
            test_mask=torch.from_numpy(part == 2),
        )])


def _nearest_neighbors(points: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Both directions of every pair in which one point is among the other's ``k`` nearest."""
    n = len(points)
    # Sums of products of small integers: exact in float64 whatever order a BLAS adds them in.
    norm = np.einsum("ij,ij->i", points, points)
    distance = (norm[:, None] + norm[None, :] - 2 * points @ points.T).astype(np.int64)
    np.fill_diagonal(distance, distance.max() + 1)
    # The node number in the key makes keys distinct, so equal distances have one order.
    key = distance * n + np.arange(n)
    near = np.argpartition(key, k - 1, axis=1)[:, :k]  # [N, k]
    row, col = np.repeat(np.arange(n), k), near.ravel()
    pairs = np.unique(np.concatenate([row * n + col, col * n + row]))
    return np.stack([pairs // n, pairs % n])


def _split(y: NDArray[np.int64], num_train: int, num_val: int) -> NDArray[np.int64]:
    """Part of every node: 0 train, 1 validation, 2 test; even steps through each class."""
    smallest = int(np.bincount(y).min())
    if num_train + num_val >= smallest:
        fail("num_train_per_class + num_val_per_class", str(num_train + num_val),
             f"at most {smallest - 1}", f"the smallest class has {smallest} images and one must "
             "be left to test on")
    part = np.full(len(y), 2)
    for label in range(int(y.max()) + 1):
        for value, count in ((0, num_train), (1, num_val)):
            left = np.flatnonzero((y == label) & (part == 2))
            part[left[np.arange(count) * len(left) // count]] = value
    return part
