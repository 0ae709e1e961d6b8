"""What a batch is asked: a method of REST with its parameters, under a key of ours."""

from collections.abc import Mapping
from typing import Any

Command = tuple[str, Mapping[str, Any]]
Commands = Mapping[str, Command]
