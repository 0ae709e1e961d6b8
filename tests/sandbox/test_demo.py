"""The demo's four ports, and Ctrl+C before everything runs."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.demo import Ports
from sandbox.portal.background import free_ports
from tests.stand import PATIENCE, until

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"WIDGET_PORT": "18005", "PORTAL_PORT": "18005"}, ("WIDGET_PORT and PORTAL_PORT", "18005")),
        ({"PORTAL_PORT": "18005", "GATEWAY_PORT": "18105"}, ("PORTAL_PORT and GATEWAY_PORT", "18105")),
        ({"WIDGET_PORT": "8002"}, ("WIDGET_PORT and GATEWAY_PORT", "8002")),
    ],
)
def test_two_settings_with_one_port_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], told: tuple[str, str]
) -> None:
    for name in ("WIDGET_PORT", "PORTAL_PORT", "GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        Ports.from_environ()
    assert all(words in str(end.value) for words in told)


def test_ctrl_c_while_it_starts_ends_it_without_a_stack_trace() -> None:
    names = ("WIDGET_PORT", "PORTAL_PORT", "GATEWAY_PORT")
    ports = dict(zip(names, map(str, free_ports(3)), strict=True))
    data = ROOT / ".run" / "-".join(ports.values())
    program = subprocess.Popen(
        [sys.executable, "-m", "sandbox"], cwd=ROOT, env={**os.environ, **ports}, stderr=subprocess.PIPE, text=True
    )
    until(lambda: (data / "portal.log").exists() or program.poll() is not None)
    program.send_signal(signal.SIGINT)
    try:
        _out, errors = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
    shutil.rmtree(data, ignore_errors=True)
    assert program.returncode == 130
    assert "Traceback" not in errors
