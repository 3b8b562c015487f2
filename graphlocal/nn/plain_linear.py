"""Modules that are plain linear maps, called without the module."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn.modules import module as modules
from torch_geometric.nn.dense import Linear

from ..ops import linear as maps

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
#: Private; without it every module is called itself.
_any_global_hook: Callable[[], bool] = getattr(modules, "_has_any_global_hook", lambda: True)


def is_plain(module: nn.Module) -> bool:
    """Whether calling the module is ``x @ weight.T + bias`` and nothing else.

    A module that was replaced (quantised, parametrised, adapted) or is watched by hooks is not.

    Example:
        >>> linear = nn.Linear(2, 2)
        >>> plain = is_plain(linear)
        >>> _ = linear.register_forward_hook(print)
        >>> plain, is_plain(linear)
        (True, False)
    """
    return (type(module) in (nn.Linear, Linear) and "forward" not in vars(module)
            and not any(getattr(module, hooks) for hooks in _HOOKS) and not _any_global_hook())


def apply(module: nn.Module, x: Tensor, onto: Tensor | None = None) -> Tensor:
    """``module(x)``, to which ``onto`` is added; see :func:`~graphlocal.ops.linear.linear`.

    Example:
        >>> import torch
        >>> linear, x = nn.Linear(2, 3), torch.randn(4, 2)
        >>> torch.allclose(apply(linear, x, linear(x)), 2 * linear(x))
        True
    """
    if is_plain(module):
        return maps.linear(x, module.weight, module.bias, onto=onto)
    return module(x) if onto is None else onto + module(x)


def apply_all(modules: Sequence[nn.Module], x: Tensor) -> tuple[Tensor, ...]:
    """``module(x)`` of each.

    Example:
        >>> import torch
        >>> [y.shape[1] for y in apply_all([nn.Linear(2, 3), nn.Linear(2, 4)], torch.randn(4, 2))]
        [3, 4]
    """
    if all(map(is_plain, modules)):
        return maps.linears(x, [(module.weight, module.bias) for module in modules])
    return tuple(module(x) for module in modules)
