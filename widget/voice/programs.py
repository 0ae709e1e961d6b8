"""The programs of this folder run outside of the service, isolated: they see neither its settings
nor PYTHONPATH."""

import sys
from importlib.util import find_spec
from pathlib import Path


def command(program: Path, package: str, *arguments: str) -> list[str]:
    """How a program is started. Its first argument is the folder in which its package lies: in a
    container only PYTHONPATH leads there. Raises ModuleNotFoundError."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(package)
    return [sys.executable, "-I", str(program), str(Path(found.origin).parents[1]), *arguments]
