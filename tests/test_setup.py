"""tools/setup.py, which needs nothing but a Python."""

import sys
from pathlib import Path

import pytest

from tools.setup import fastest_python

NAME = "python{}.{}".format(*sys.version_info)


@pytest.mark.parametrize(
    ("says", "taken"),
    [("echo 0.000001", True), ("echo 1000", False), ("exit 1", False), ("echo nonsense", False), ("echo", False)],
)
def test_another_python_makes_the_environment_where_it_runs_and_is_clearly_faster(
    says: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / NAME
    other.write_text(f"#!/bin/sh\n{says}\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert fastest_python() == (str(other) if taken else sys.executable)
