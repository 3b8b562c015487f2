"""Remembers what was derived from a tensor for as long as that tensor lives unchanged."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .mode import PLAIN, is_eager

Derived = TypeVar("Derived")
Source = Tensor | NDArray[Any]


class _Entry(NamedTuple):
    owner: weakref.ref[Any]
    state: Hashable
    values: dict[Hashable, _Value]


class _Value(NamedTuple):
    others: tuple[tuple[weakref.ref[Any], Hashable] | None, ...]
    value: Any
    #: The tensors of the value with their versions: whoever gets it may write into them.
    parts: tuple[tuple[Tensor, int], ...]


# Single dictionary operations only, which are atomic: no lock, so none can be waited for twice.
_memory: dict[int, _Entry] = {}


def remember(
    tensors: Source | tuple[Source | None, ...], key: Hashable, build: Callable[[], Derived]
) -> Derived:
    """Result of ``build()``, remembered while the tensors it was made from live unchanged.

    A remembered value dies with the first tensor and is built anew after a change to any of them,
    in place or by ``tensor.data = other``, or to a tensor of the value. Nothing is remembered, and
    ``build`` simply called, where that could go wrong: under ``torch.compile``, ``torch.func`` and
    tracers, for tensors made in inference mode, and for tensors which require a gradient. A change
    made behind torch's back goes unseen: through a numpy array that shares the memory, or by
    writing into ``tensor.data``.

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
    first, *others = tensors if isinstance(tensors, tuple) else (tensors,)
    if not is_eager() or not all(t is None or _is_plain(t) for t in (first, *others)):
        return build()
    state = _state(first)
    entry = _memory.get(id(first))
    if entry is not None and entry.owner() is first and entry.state == state:
        found = entry.values.get(key)
        if found is not None and _serves(found, others):
            return found.value
    else:
        fresh = _Entry(weakref.ref(first, _forget(id(first))), state, {})
        entry = _memory.setdefault(id(first), fresh)
        if entry.owner() is not first or entry.state != state:
            # what it was before a change, or a tensor that died and whose number it got
            entry = _memory[id(first)] = fresh
    made_from = tuple(None if t is None else (weakref.ref(t), _state(t)) for t in others)
    # A value made in inference mode could never take part in training later.
    with torch.inference_mode(False):
        value = build()
    made = _Value(made_from, value, tuple((t, t._version) for t in _tensors(value)))
    found = entry.values.setdefault(key, made)
    if found is not made and _serves(found, others):
        return found.value  # another thread was faster
    entry.values[key] = made
    return value


def _state(tensor: Source) -> Hashable:
    """Differs after a change torch knows of; the version alone is deaf to ``tensor.data = ...``."""
    if isinstance(tensor, np.ndarray):
        return None
    if tensor.layout is not torch.strided:
        return tensor._version
    return tensor._version, tensor.data_ptr(), tensor.shape, tensor.stride()


def _serves(found: _Value, others: list[Source | None]) -> bool:
    """The value was made from these very tensors, and nobody changed them or it."""
    return (
        len(found.others) == len(others)
        and all(made is None if tensor is None else
                made is not None and made[0]() is tensor and made[1] == _state(tensor)
                for made, tensor in zip(found.others, others, strict=True))
        and all(tensor._version == version for tensor, version in found.parts)
    )


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [] if value.is_inference() else [value]
    return [t for part in value for t in _tensors(part)] if isinstance(value, tuple) else []


def _forget(number: int) -> Callable[[weakref.ref[Any]], None]:
    memory = _memory  # when the interpreter ends, tensors may outlive the names of this module

    def forget(reference: weakref.ref[Any]) -> None:
        entry = memory.get(number)
        if entry is not None and entry.owner is reference:
            memory.pop(number, None)

    return forget


def _is_plain(tensor: Source) -> bool:
    """An ordinary tensor, whose identity and version mean what they say, or an array nobody may
    write."""
    if isinstance(tensor, np.ndarray):
        return not tensor.flags.writeable
    return type(tensor) in PLAIN and not tensor.requires_grad and not tensor.is_inference()
