"""How templates call what is in them: as Jinja does, by a shorter way."""

from functools import cache
from types import FunctionType
from typing import Any

from jinja2.runtime import Context, Macro

_PLAIN = frozenset({FunctionType, type(cache(lambda: None))})


class ShortContext(Context):
    """Jinja looks into each callable for whether it wants the context. Macros and plain functions, of which a card
    calls 650, are known by their kind: a tenth of what drawing one takes."""

    def call(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """As Jinja's, but that a StopIteration is not caught."""
        kind = type(obj)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind not in _PLAIN or hasattr(obj, "jinja_pass_arg"):
            return super().call(obj, *args, **kwargs)
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        return obj(*args, **kwargs)
