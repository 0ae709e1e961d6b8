"""How templates call and print what is in them: as Jinja does, by a shorter way."""

from functools import cache
from types import FunctionType
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape

_PLAIN = frozenset({FunctionType, type(cache(lambda: None))})


class ShortContext(Context):
    """Jinja looks into each callable for whether it wants the context. Macros and plain functions,
    of which a card calls 400, are known by their kind: a tenth of what drawing one takes. A macro
    escapes as its own file does: all of ours are HTML."""

    def call(self, obj: Any, /, *args: Any, _loop_vars: Any = None, _block_vars: Any = None, **kwargs: Any) -> Any:
        """As Jinja's, but that a StopIteration is not caught."""
        kind = type(obj)
        if kind is Macro or (kind in _PLAIN and not hasattr(obj, "jinja_pass_arg")):
            return obj(*args, **kwargs)
        return super().call(obj, *args, _loop_vars=_loop_vars, _block_vars=_block_vars, **kwargs)


class ShortCode(CodeGenerator):
    """Of the 740 values that a card prints, more than half are markup already: texts, icons, what
    macros return."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        super().visit_Template(node, frame)
        self.writeline(f"from {__name__} import escaped as escape")  # instead of Jinja's


def escaped(value: Any) -> Markup:
    """As markupsafe's `escape`, which takes five calls to hand back what is markup."""
    return value if type(value) is Markup else escape(value)
