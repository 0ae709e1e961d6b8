"""No test's outcome depends on how fast this machine is: time is handed in, and what comes is
waited for as an event, with a limit so large that only a broken program meets it (tests/stand.py:
Clock, until, Outside.until, PATIENCE)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SHORTEST = 30  # seconds that a program may be given for an answer, or for an event
MILLISECONDS = 1000  # numbers from here on are Playwright's
CLOCKS = {"monotonic", "perf_counter", "process_time", "sleep", "wait_for_timeout", "Timer"}
NOW = ("time.time()", "datetime.now(")
WAITS = {"wait", "join", "communicate", "settimeout", "result", "select"}

# (file, what is written there): why its outcome is the same on every machine.
REASONED = {
    ("test_http.py", "timeout=0.3"): "never answered; tried again where the time ran out before anything was sent",
    ("test_http.py", "timeout=10"): "in virtual time",
    ("gateways/green/test_adapter.py", "pace.wait('history:1', 1.1)"): "in virtual time",
    ("gateways/green/test_adapter.py", "there.wait('history:2', 1.1)"): "in virtual time",
    ("singleflight/test_distributed.py", "lease_seconds=5.0"): "in virtual time",
    ("singleflight/test_distributed.py", "lease_seconds=0.2"): "the asker is held, so the time always runs out",
    ("storage/test_everywhere.py", "TEN_SECONDS=10"): "in virtual time",
    ("sandbox/test_green_webhooks.py", "retry_seconds=0.05"): "how often it comes again; nothing is compared with it",
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
    ("sandbox/test_portal_faults.py", "before + 30 <= until <= int(time.time()) + 30"): "one clock, read twice",
    ("phones/test_numbers.py", "time.process_time"): "the processor's time, and what it stands against takes hours",
    ("browser/market.py", "page.wait_for_timeout"): "between two looks of `until`, while the pages go on",
}


def findings(source: str) -> Iterator[str]:
    """What in a file depends on the wall clock, as it is written there."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute() if node.attr in CLOCKS and not _is_ours(node):
                yield ast.unparse(node)
            case ast.ImportFrom() if any(each.name in CLOCKS for each in node.names):
                yield ast.unparse(node)
            case ast.Compare() if any(now in ast.unparse(node) for now in NOW):
                yield ast.unparse(node)
            case ast.Call() if _waits_shortly(node):
                yield ast.unparse(node)
        yield from (f"{name}={ast.unparse(value)}" for name, value in _named(node) if _is_short(name, value))


def _is_ours(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) in ("self", "clock", "desk")


def _waits_shortly(call: ast.Call) -> bool:
    given = call.args
    if _name(call.func) == "Timeouts":
        given = given + [each.value for each in call.keywords]
    elif not any(_name(each) in WAITS for each in (call.func, *call.args)):  # callback(program.wait, 10)
        return False
    return any(0 <= value < SHORTEST for each in given if (value := _number(each)) is not None)


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What stands right at a name there: given, the default of a parameter, or assigned."""
    match node:
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), value
        case ast.arguments():
            last = node.posonlyargs + node.args
            for parameters, defaults in ((last, node.defaults), (node.kwonlyargs, node.kw_defaults)):
                for parameter, default in zip(reversed(parameters), reversed(defaults), strict=False):
                    if default:
                        yield parameter.arg, default
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            yield name, value


def _is_short(name: str, value: ast.expr) -> bool:
    seconds = _number(value)
    if seconds is None or not name.lower().endswith(("timeout", "patience", "_seconds")):
        return False
    return seconds < SHORTEST or MILLISECONDS <= seconds < MILLISECONDS * SHORTEST


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


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
    found = {(str(file.relative_to(TESTS)), each) for file in FILES for each in findings(file.read_text())}

    assert found - REASONED.keys() == set()
    assert REASONED.keys() - found == set()


@pytest.mark.parametrize(
    "source",
    [
        *("time.monotonic()", "from time import sleep", "from threading import Event, Timer"),
        *("assert time.time() < late", "assert datetime.now(UTC) < late"),
        *("get(timeout=5)", "{'CHECK_TIMEOUT': '5'}", "run(lease_seconds=5)", "page.set(timeout=5_000)"),
        *("def get(url, timeout: float = 5.0): pass", "def get(*, url, wait_timeout=5): pass"),
        *("TIMEOUT = 5", "PATIENCE: float = 5", "Timeouts(60, 5, 60)", "Timeouts(check=5, history=60, send=60)"),
        *("event.wait(5)", "stack.callback(program.wait, 5)"),
    ],
)
def test_what_depends_on_it_is_found(source: str) -> None:
    assert list(findings(source))


@pytest.mark.parametrize("source", ["clock.sleep(5)", "get(timeout=60)", "def get(timeout=60, *, tries=5): pass"])
def test_what_does_not_is_let_pass(source: str) -> None:
    assert list(findings(source)) == []
