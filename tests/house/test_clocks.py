"""No test's outcome depends on how fast this machine is: time is handed in, and what comes is
waited for as an event, with a limit so large that only a broken program meets it (tests/stand.py:
Clock, until, Outside.until, PATIENCE)."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SHORTEST = 30  # seconds that a program may be given for an answer, or for an event
MILLISECONDS = 1000  # numbers from here on are Playwright's
CLOCKS = {"monotonic", "perf_counter", "process_time", "sleep", "wait_for_timeout", "Timer"}
WAITS = {"wait", "join", "communicate", "settimeout", "result", "select"}

# (file, what is written there): why its outcome is the same on every machine.
REASONED = {
    (
        "test_http.py",
        "timeout=0.3",
    ): "the server never answers, so the time always runs out; tried again until it does late",
    ("test_http.py", "timeout=10"): "in virtual time",
    ("gateways/green/test_adapter.py", "1.1"): "in virtual time",
    ("stand.py", "threading.Timer"): "those that the widget left are ended; none is started",
    ("stand.py", "patience=0.05"): "of the sandbox with a line that is not ready, and until it reports anew",
    ("sandbox/apps.py", "patience=0"): "of the sandbox with a line that is not ready",
    ("sandbox/test_gateway_faults.py", "threading.Timer"): "what it ends is waited for",
    ("test_http.py", "timeout=0.1"): "no connection is free until the test ends, so the time always runs out",
    ("ratelimit/conftest.py", "socket_timeout=0.3"): "only asked when the server is stopped or gone",
    ("test_redis_kinds.py", "socket_timeout=2"): "what is waited for never comes, so the time always runs out",
    ("benchmarks/test_load.py", "asyncio.sleep"): "the server's own slowness; nothing is compared with it",
    ("test_timing.py", "time.monotonic"): "which clock a memory goes by is what is tested",
    ("presence/conftest.py", "time.sleep"): "how often a waiting process looks; nothing is compared with it",
    ("bitrix24/test_rest.py", "time.sleep"): "how often a waiting thread looks; nothing is compared with it",
    ("stand.py", "time.monotonic"): "the gateway's clock goes on by itself; nothing is compared with it",
    ("sandbox/test_portal_faults.py", "int(time.time())"): "two readings of one clock, in their order",
    ("phones/test_numbers.py", "time.process_time"): "the processor's time, and what it stands against takes hours",
    ("browser/market.py", "page.wait_for_timeout"): "between two looks of `until`, while the pages go on",
}


def findings(source: str) -> Iterator[str]:
    """What in a file depends on the wall clock, as it is written there."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS and not _is_ours(node):
            yield f"{ast.unparse(node)}"
        if isinstance(node, ast.Compare) and "time.time()" in source and "time.time()" in ast.unparse(node):
            yield ast.unparse(node)
        if isinstance(node, ast.Call):
            yield from _short_times(node)
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and _is_short(str(name.value), value):
                    yield f"{name.value}: {ast.unparse(value)}"


def _is_ours(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) in ("self", "clock", "desk")


def _short_times(call: ast.Call) -> Iterator[str]:
    for given in call.keywords:
        if given.arg and _is_short(given.arg, given.value):
            yield f"{given.arg}={ast.unparse(given.value)}"
    waits = _name(call.func) in WAITS or any(_name(given) in WAITS for given in call.args)  # callback(program.wait, 10)
    if waits and any(0 <= value < SHORTEST for given in call.args if (value := _number(given)) is not None):
        yield ast.unparse(call)


def _is_short(name: str, value: ast.expr) -> bool:
    seconds = _number(value)
    if seconds is None or not name.lower().endswith(("timeout", "patience")):
        return False
    return seconds < SHORTEST or MILLISECONDS <= seconds < MILLISECONDS * SHORTEST


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def _number(node: ast.expr) -> float | None:
    """Of a number, or of a text that is one, as settings are."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, int | float | str):
        return None
    try:
        return float(node.value)
    except ValueError:
        return None


FILES = sorted(file for file in TESTS.rglob("*.py") if file != Path(__file__))


def test_no_test_depends_on_how_fast_the_machine_is() -> None:
    found = [(str(file.relative_to(TESTS)), each) for file in FILES for each in findings(file.read_text())]

    assert [each for each in found if not any(is_meant(each, reasoned) for reasoned in REASONED)] == []
    assert [reasoned for reasoned in REASONED if not any(is_meant(each, reasoned) for each in found)] == []


def is_meant(found: tuple[str, str], reasoned: tuple[str, str]) -> bool:
    return reasoned[0] == found[0] and reasoned[1] in found[1]
