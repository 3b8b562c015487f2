"""Selective scan, forward and backward, against the best that can be written with torch alone.

16 states and 128 channels in float32; gradients of all inputs. The loop takes one step after the
other over unbound tensors, which spares autograd a gradient of full size per step; the chunked scan
takes step after step of all chunks at once and then carries states from chunk to chunk. Both run
once or twice: they take seconds, and gigabytes. Extra memory is that of a call which finds none
lying ready from earlier ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer

STATES, CHANNELS = 16, 128


def _inputs(batch: int, length: int, sequences: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    rows = (batch, length) if not sequences else (sequences * length,)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    return {
        "tensors": {
            "u": normal(*rows, CHANNELS),
            "delta": rng.random((*rows, CHANNELS), dtype=np.float32) * np.float32(0.1),
            "A": -np.tile(np.arange(1, STATES + 1, dtype=np.float32), (CHANNELS, 1)),
            "B": normal(*rows, *([1] if sequences else []), STATES),
            "C": normal(*rows, *([1] if sequences else []), STATES),
            "D": normal(CHANNELS),
        },
        "grad": normal(*rows, CHANNELS),
        "ptr": np.arange(sequences + 1) * length if sequences else None,
    }


def _peer(inputs: dict[str, Any], *, name: str) -> Callable[[], dict[str, Any]]:
    import torch

    tensors = {key: torch.from_numpy(value).requires_grad_()
               for key, value in inputs["tensors"].items()}
    grad = torch.from_numpy(inputs["grad"])
    ptr = None if inputs["ptr"] is None else torch.from_numpy(inputs["ptr"])
    forward = globals()[f"_{name}"]

    def call() -> dict[str, Any]:
        for tensor in tensors.values():
            tensor.grad = None
        y = forward(**tensors, ptr=ptr)
        y.backward(grad)
        return {"y": y.detach()[..., ::16], "to_delta": tensors["delta"].grad[..., ::16],
                "to_B": tensors["B"].grad}

    return call


def _graphlocal(ptr, **tensors):
    from graphlocal import ops

    return ops.selective_scan(**tensors, ptr=ptr)


def _loop(u, delta, A, B, C, D, ptr):
    import torch

    state, out = u.new_zeros(u.shape[0], *A.shape), []
    for u_t, delta_t, b, c in zip(u.unbind(1), delta.unbind(1), B.unbind(1), C.unbind(1),
                                  strict=True):
        decay = torch.exp(delta_t.unsqueeze(-1) * A)
        state = decay * state + (delta_t * u_t).unsqueeze(-1) * b.unsqueeze(1)
        out.append((state @ c.unsqueeze(-1)).squeeze(-1))
    return torch.stack(out, dim=1) + D * u


def _chunked(u, delta, A, B, C, D, ptr):
    import torch

    batch, length = u.shape[:2]
    size = next(q for q in range(int(length**0.5), 0, -1) if length % q == 0)

    def chunks(value):
        return value.unflatten(1, (length // size, size))

    u, delta, B, C, whole = chunks(u), chunks(delta), chunks(B), chunks(C), u
    decay = torch.exp(delta.unsqueeze(-1) * A)
    entered = (delta * u).unsqueeze(-1) * B.unsqueeze(-2)
    state, states = u.new_zeros(batch, length // size, *A.shape), []
    for a, x in zip(decay.unbind(2), entered.unbind(2), strict=True):
        state = a * state + x
        states.append(state)
    since = torch.exp(delta.cumsum(2).unsqueeze(-1) * A)
    carry, carries = u.new_zeros(batch, *A.shape), []
    for end, faded in zip(state.unbind(1), since[:, :, -1].unbind(1), strict=True):
        carries.append(carry)
        carry = faded * carry + end
    states = torch.stack(states, dim=2) + since * torch.stack(carries, dim=1).unsqueeze(2)
    return (states @ C.unsqueeze(-1)).squeeze(-1).flatten(1, 2) + D * whole


def _by_sequence(u, delta, A, B, C, D, ptr):
    """Sequences of one length are a batch to a loop; real ones would have to be padded."""
    count = len(ptr) - 1
    u, delta, B, C = (value.unflatten(0, (count, -1)) for value in (u, delta, B, C))
    return _loop(u, delta, A, B.squeeze(2), C.squeeze(2), D, None).flatten(0, 1)


def cases() -> list[Case]:
    def peer(name: str, words: str, slow: bool = False) -> Peer:
        return Peer(words, partial(_peer, name=name), slow=slow)

    ours = peer("graphlocal", "graphlocal")
    torch_only = [peer("loop", "torch, unbound loop"), peer("chunked", "torch, chunks")]
    return [
        Case("16 sequences of 1,024", partial(_inputs, 16, 1024), [ours, *torch_only], 1e-3, 1e-3,
             rounds=5),
        Case("4 sequences of 4,096", partial(_inputs, 4, 4096), [ours, *torch_only], 1e-3, 1e-3,
             rounds=5),
        Case("one sequence of 65,536", partial(_inputs, 1, 65536), [ours], rounds=7),
        Case("10,000 packed sequences of 17", partial(_inputs, 0, 17, 10_000),
             [ours, peer("by_sequence", "torch, unbound loop")], 1e-3, 1e-3, rounds=5),
    ]
