"""What torch is doing around a call: nothing special, tracing it, or transforming it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import forward_ad

# Private names without a public like. Where a version of torch lacks one, every call is taken
# for a traced one: the long way, and nothing remembered, but right.
_dispatch_modes = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)
_interpreter = getattr(getattr(torch._C, "_functorch", None), "peek_interpreter_stack", None)
#: What an ordinary tensor is; a subclass may mean something else by everything.
PLAIN = (Tensor, torch.nn.Parameter)


def is_transformed() -> bool:
    """Whether ``torch.func`` or forward-mode differentiation follows what tensors are made of.

    Operators of a library have neither a rule for tangents nor, under ``torch.func``, a gradient:
    values would come out without them. The definitions, made of torch's own operators, do.

    Example:
        >>> is_transformed()
        False
        >>> torch.func.vmap(lambda x: x if is_transformed() else -x)(torch.ones(2))
        tensor([1., 1.])
    """
    # A level that was never entered is -1, in every version that counts them at all.
    return (getattr(forward_ad, "_current_level", -1) >= 0
            or (_interpreter is not None and _interpreter() is not None))


def is_eager() -> bool:
    """Whether tensors are computed as they are asked for, seen by no compiler, tracer, dispatch
    mode or transform.

    Example:
        >>> is_eager()
        True
        >>> torch.func.vmap(lambda x: x if is_eager() else -x)(torch.ones(2))
        tensor([-1., -1.])
    """
    return (
        not torch.compiler.is_compiling()
        and _dispatch_modes() == 0
        and _interpreter is not None
        and _interpreter() is None
        and not torch.jit.is_tracing()
    )
