"""Remembers what was derived from a tensor for as long as that tensor lives unchanged."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Derived = TypeVar("Derived")
Source = Tensor | NDArray[Any]


class _Entry(NamedTuple):
    owner: weakref.ref[Any]
    values: dict[Hashable, _Value]


class _Value(NamedTuple):
    versions: tuple[int, ...]
    others: tuple[weakref.ref[Any] | None, ...]
    value: Any


# Single dictionary operations only, which are atomic: no lock, so none can be waited for twice.
_memory: dict[int, _Entry] = {}


def remember(
    tensors: Source | tuple[Source | None, ...], key: Hashable, build: Callable[[], Derived]
) -> Derived:
    """Result of ``build()``, remembered while the tensors it was made from live unchanged.

    A remembered value dies with the first tensor and is built anew after an in-place change to
    any of them. Nothing is remembered, and ``build`` simply called, where that could go wrong:
    under ``torch.compile`` and other tracers, for tensors made in inference mode, and for tensors
    which require a gradient. A change made behind torch's back, through a numpy array that shares
    the memory, goes unseen.

    Args:
        tensors: What the value is made from, tensors or read-only arrays; ``None`` entries are
            allowed after the first.
        key: Tells the values of one tensor apart: a name and the numbers it depends on.
        build: Makes the value, which must not hold the first tensor itself, or neither would
            ever be freed. It may run twice when two threads ask at once; both get one value.

    Returns:
        The value, the same object for the same tensors and key.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [1, 2]])
        >>> first = remember(edge_index, "degree", lambda: edge_index[1].bincount())
        >>> remember(edge_index, "degree", lambda: None) is first
        True
        >>> _ = edge_index.zero_()
        >>> remember(edge_index, "degree", lambda: edge_index[1].bincount())
        tensor([2])
    """
    if torch.compiler.is_compiling():
        return build()
    first, *others = tensors if isinstance(tensors, tuple) else (tensors,)
    if not all(tensor is None or _is_plain(tensor) for tensor in (first, *others)):
        return build()
    versions = tuple(getattr(t, "_version", 0) for t in (first, *others))
    entry = _memory.get(id(first))
    if entry is not None and entry.owner() is first:
        found = entry.values.get(key)
        if (found is not None and found.versions == versions
                and len(found.others) == len(others)
                and all((None if ref is None else ref()) is tensor
                        for ref, tensor in zip(found.others, others, strict=True))):
            return found.value
    else:
        entry = _Entry(weakref.ref(first, _forget(id(first))), {})
        kept = _memory.setdefault(id(first), entry)
        if kept.owner() is first:
            entry = kept
        else:  # the number of a tensor that died, given out again
            _memory[id(first)] = entry
    # A value made in inference mode could never take part in training later.
    with torch.inference_mode(False):
        value = build()
    made = _Value(versions, tuple(None if t is None else weakref.ref(t) for t in others), value)
    found = entry.values.setdefault(key, made)
    if found is not made and found.versions == versions and _same(found.others, made.others):
        return found.value
    entry.values[key] = made
    return value


def _same(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    """Both tuples of references lead to the same living tensors."""
    return len(left) == len(right) and all(
        a is b or (a is not None and b is not None and a() is b() and a() is not None)
        for a, b in zip(left, right, strict=True)
    )


def _forget(number: int) -> Callable[[weakref.ref[Any]], None]:
    memory = _memory  # when the interpreter ends, tensors may outlive the names of this module

    def forget(reference: weakref.ref[Any]) -> None:
        entry = memory.get(number)
        if entry is not None and entry.owner is reference:
            memory.pop(number, None)

    return forget


def _is_plain(tensor: Source) -> bool:
    """An ordinary tensor in eager mode, whose identity and version mean what they say, or an array
    nobody may write."""
    if isinstance(tensor, np.ndarray):
        return not tensor.flags.writeable
    return (
        type(tensor) in (Tensor, torch.nn.Parameter)
        and not tensor.requires_grad
        and not tensor.is_inference()
        and torch._C._len_torch_dispatch_stack() == 0
        and not torch._is_functional_tensor(tensor)
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    )
