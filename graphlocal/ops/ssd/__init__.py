"""The recurrence of Mamba-2, whose decay is a number per head: chunks of it are matrix products."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...graph import checks
from ..segment_reduce.binding import segment_index
from .chunks import scan_chunks


def ssd(
    x: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    dt_bias: Tensor | None = None,
    dt_softplus: bool = False,
    reverse: bool = False,
    ptr: Tensor | None = None,
    initial_state: Tensor | None = None,
    return_last_state: bool = False,
    chunk_size: int = 64,
) -> Tensor | tuple[Tensor, Tensor]:
    r"""State space duality of `"Transformers are SSMs: Generalized Models and Efficient Algorithms
    Through Structured State Space Duality" <https://arxiv.org/abs/2405.21060>`_.

    .. math::
        H_t = e^{\Delta_t a} H_{t-1} + \Delta_t x_t B_t^{\top}, \qquad y_t = H_t C_t + D x_t

    for every head, with a state :math:`H_t` of ``P`` by ``N`` numbers. Inside chunks of rows it is
    computed as the masked attention :math:`(L \circ C B^{\top}) X`, between chunks as the
    recurrence, all by PyTorch's matrix products: memory is linear in the number of rows. Chunks of
    packed sequences may hold the end of one and the beginning of the next; nothing crosses,
    except that what is NaN or infinite makes NaN of all rows of its chunk.

    Args:
        x: Input of every head.
        dt: Step size of every head.
        A: Decay rate of every head, below 0 for states that fade.
        B: What enters the states, shared by groups of heads.
        C: What is read from the states, shared likewise.
        D: Share of the input in the output, per head. (default: ``None``)
        dt_bias: Added to ``dt``. (default: ``None``)
        dt_softplus: Whether step sizes pass through a softplus. (default: ``False``)
        reverse: Whether sequences are scanned from their ends. (default: ``False``)
        ptr: Borders of packed sequences, from 0 to the number of rows. (default: ``None``)
        initial_state: States before the first step of each sequence. (default: ``None``)
        return_last_state: Whether the states after the last step come out too.
            (default: ``False``)
        chunk_size: Rows of a chunk. (default: ``64``)

    Returns:
        The output in the dtype of ``x``, or a pair of it and the last states.

    Shapes:
        - **x, output:** :math:`(B, L, H, P)`, or packed :math:`(T, H, P)`
        - **dt:** :math:`(B, L, H)` or :math:`(T, H)`
        - **A, D, dt_bias:** :math:`(H)`
        - **B, C:** :math:`(B, L, G, N)` or :math:`(T, G, N)`, :math:`G` a divisor of :math:`H`
        - **ptr:** :math:`(S + 1)`; without it packed rows are one sequence
        - **initial_state, last state:** :math:`(S, H, P, N)`, :math:`S` being the batch size for
          unpacked input

    Raises:
        GraphError: If a shape, a dtype or a device is wrong, or ``ptr`` does not cut the rows
            into sequences.

    Example:
        >>> x, dt, one = torch.ones(4, 1, 1), torch.ones(4, 1), torch.ones(4, 1, 1)
        >>> decay = torch.tensor([0.5]).log()
        >>> ssd(x, dt, decay, one, one, ptr=torch.tensor([0, 2, 4])).flatten().tolist()
        [1.0, 1.5, 1.0, 1.5]
    """
    _check(x, dt, A, B, C, D, dt_bias, ptr, initial_state)
    checks.check_count(chunk_size, "chunk_size", least=1)
    dt_softplus = checks.check_flag(dt_softplus, "dt_softplus")
    reverse = checks.check_flag(reverse, "reverse")
    given = (x, dt, A, B, C, D, dt_bias, initial_state)
    double = any(value is not None and value.dtype == torch.float64 for value in given)
    dtype = torch.float64 if double else torch.float32
    kind, shape, packed = x.dtype, x.shape, x.dim() == 3
    x, dt, A, B, C, D, dt_bias, initial_state = (
        None if value is None else value.to(dtype) for value in given)
    if dt_bias is not None:
        dt = dt + dt_bias
    if dt_softplus:
        dt = functional.softplus(dt)
    if packed and ptr is None:
        x, dt, B, C = (value.unsqueeze(0) for value in (x, dt, B, C))
    ptr = None if ptr is None else ptr.long()
    segment = None if ptr is None else segment_index(ptr, x.shape[0])
    along = 0 if ptr is not None else 1
    if reverse:
        x, dt, B, C = (value.flip(along) for value in (x, dt, B, C))
        if ptr is not None:
            ptr, segment = ptr[-1] - ptr.flip(0), ptr.shape[0] - 2 - segment.flip(0)
            initial_state = None if initial_state is None else initial_state.flip(0)
    with torch.autocast(x.device.type, enabled=False):  # products, too, are of float32
        y, last = scan_chunks(x * dt.unsqueeze(-1), dt * A, B, C, ptr, segment, initial_state,
                              chunk_size, return_last_state)
    if D is not None:
        y = y + D.unsqueeze(-1) * x
    if reverse:
        y = y.flip(along)
        last = last.flip(0) if ptr is not None and last is not None else last
    y = y.reshape(shape).to(kind)
    return (y, last) if return_last_state else y


def _check(
    x: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    dt_bias: Tensor | None, ptr: Tensor | None, initial_state: Tensor | None,
) -> None:
    checks.check_float_tensors({"x": x, "dt": dt, "A": A, "B": B, "C": C, "D": D,
                                "dt_bias": dt_bias, "initial_state": initial_state},
                               ("D", "dt_bias", "initial_state"))
    checks.check_sequences(x, "x", ptr, 2)
    *steps, heads, channels = x.shape
    checks.check_shape(dt, "dt", ((*steps, heads), "one for every row and head of 'x'"))
    for name, value in (("A", A), ("D", D), ("dt_bias", dt_bias)):
        checks.check_shape(value, name, ((heads,), "one per head"))
    for name, value in (("B", B), ("C", C)):
        fits = value.dim() == x.dim() and value.shape[:-2] == x.shape[:-2]
        if not fits or value.shape[-2] == 0 or heads % value.shape[-2] or value.shape[-1] == 0:
            checks.fail(name, f"shape {tuple(value.shape)}",
                        f"shape ({', '.join(map(str, steps))}, G, N), G a divisor of the {heads} "
                        "heads of 'x', N >= 1")
    checks.check_shape(C, "C", (tuple(B.shape), "that of 'B'"))
    count = x.shape[0] if x.dim() == 4 else 1 if ptr is None else ptr.shape[0] - 1
    checks.check_shape(initial_state, "initial_state",
                       ((count, heads, channels, B.shape[-1]), "one of every sequence"))
