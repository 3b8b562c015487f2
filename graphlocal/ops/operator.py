"""Binds a fast version as an operator of torch, and calls it the short way where torch allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .mode import PLAIN, is_eager


def operator(
    name: str,
    function: Callable[..., Any],
    fake: Callable[..., Any],
    save: Callable[[Any, tuple[Any, ...], Any], None] | None = None,
    backward: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """Registers ``torch.ops.graphlocal.<name>`` and returns a function that calls it.

    Compilers, tracers and function transforms meet the registered operator. Plain tensors in
    eager mode take the same functions through ``torch.autograd.Function``: of a call on a small
    graph the operator's own way costs more than the kernel.

    Args:
        name: Name of the operator.
        function: What it computes; fully annotated, its schema is made from it.
        fake: What shapes and dtypes come out.
        save: ``setup_context`` of its gradient, if it has one.
        backward: Its gradient, itself made of operators, so that it has one too.

    Example:
        >>> def twice(x: Tensor) -> Tensor:
        ...     return x + x
        >>> call = operator("example", twice, torch.empty_like, lambda ctx, inputs, output: None,
        ...                 lambda ctx, grad: grad + grad)
        >>> x = torch.ones(2, requires_grad=True)
        >>> call(x).sum().backward()
        >>> x.grad
        tensor([2., 2.])
    """
    registered = torch.library.custom_op(f"graphlocal::{name}", function, mutates_args=())
    registered.register_fake(fake)
    if backward is None:
        short = function
    else:
        registered.register_autograd(backward, setup_context=save)

        def forward(ctx: Any, *args: Any) -> Any:
            output = function(*args)
            save(ctx, args, output)
            return output

        # Without a `setup_context` of its own: torch would inspect signatures in every call.
        eager = type(name, (torch.autograd.Function,), {
            "forward": staticmethod(forward),
            "backward": staticmethod(backward),
        })
        short = eager.apply

    def call(*args: Any) -> Any:
        if not _is_plain(args):
            return registered(*args)
        if torch.is_grad_enabled() and any(
                isinstance(arg, Tensor) and arg.requires_grad for arg in args):
            return short(*args)
        return function(*args)

    return call


def partial_leaf(value: Tensor | None, again: bool) -> Tensor | None:
    """A tensor by which a definition is differentiated inside a gradient; integers as they are.

    If the result is to be differentiated ``again``, it hangs on the tensor given, but by itself:
    what reaches other operands through it is not counted.

    Example:
        >>> partial_leaf(torch.ones(2), False).requires_grad
        True
    """
    if value is None or not value.is_floating_point():
        return value
    if again and value.requires_grad:
        return value.view_as(value)
    return value.detach().requires_grad_()


def _is_plain(args: tuple[Any, ...]) -> bool:
    return is_eager() and all(type(arg) in PLAIN for arg in args if isinstance(arg, Tensor))
