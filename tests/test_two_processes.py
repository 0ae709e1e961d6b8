"""Two real gunicorn processes over one Redis and one database, and twenty reps who open one card at
once."""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.portal.background import free_ports
from tests.stand import PATIENCE, PATIENT_REDIS, Outside, Widget

pytestmark = pytest.mark.processes

MakeWidget = Callable[..., Widget]
ROOT = Path(__file__).resolve().parent.parent
REPS = 20


@pytest.fixture
def processes(
    make_widget: MakeWidget, outside: Outside, redis_url: str, tmp_path: Path
) -> Iterator[tuple[httpx.Client, list[str]]]:
    """The addresses of two processes. Started apart, so that each gets its half of the work for
    certain."""
    config = make_widget(redis_url=redis_url + PATIENT_REDIS, portal_requests=REPS).services.infra.config
    with ExitStack() as stack:
        addresses = []
        for number, port in enumerate(free_ports(2)):
            log = stack.enter_context((tmp_path / f"gunicorn-{number}.log").open("wb"))
            command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{port}"]
            command += ["--workers", "1"]
            program = subprocess.Popen(command, cwd=ROOT, env=environment(config), stdout=log, stderr=log)
            stack.callback(program.wait, PATIENCE)
            stack.callback(program.terminate)
            addresses.append(f"http://127.0.0.1:{port}")
        client = stack.enter_context(
            httpx.Client(timeout=PATIENCE, trust_env=False, transport=httpx.HTTPTransport(retries=8))
        )  # retries: until they listen
        for address in addresses:
            assert client.get(f"{address}/health/ready").status_code == 200, (tmp_path / "gunicorn-0.log").read_text()
        outside.reset()  # what they heard of their lines when they started
        yield client, addresses


def environment(config: object) -> dict[str, str]:
    values = {}
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        value = getattr(config, field.name)
        values[field.name.upper()] = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return {**os.environ, **values}


def in_parallel(work: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(REPS) as pool:
        return list(pool.map(work, range(REPS)))


def test_twenty_reps_who_open_a_cold_card_at_once_cost_one_check_a_number(
    processes: tuple[httpx.Client, list[str]], outside: Outside
) -> None:
    client, addresses = processes
    outside.break_gateway("delay", "check-exists", times=None, seconds=0.2)
    users = ("rep", "admin")
    openings = [outside.opening(user=users[rep // 2 % 2]) for rep in range(REPS)]
    pages = [hidden_page(client, addresses[rep % 2], opening) for rep, opening in enumerate(openings)]
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)

    revealed = in_parallel(
        lambda rep: client.post(f"{addresses[rep % 2]}/card", json={"pressed": True}, headers={"X-Opening": pages[rep]})
    )
    assert {answer.status_code for answer in revealed} == {200}
    asked = [re.findall('data-ask="([^"]+)"', answer.text)[0].split() for answer in revealed]
    assert [len(keys) for keys in asked] == [4] * REPS
    assert outside.total("gateway") == 0

    checked = in_parallel(
        lambda rep: client.post(
            f"{addresses[rep % 2]}/card/check",
            json={"keys": asked[rep], "line": None},
            headers={"X-Session": revealed[rep].headers["X-Session"]},
        )
    )

    assert {answer.status_code for answer in checked} == {200}
    states = {tuple(re.findall('data-presence="([^"]+)"', answer.text)) for answer in checked}
    assert states == {("yes", "yes", "no", "yes", "landline", "invalid")}
    # Four numbers: one has a chat and is not checked, each of the others once in both processes
    # together.
    assert outside.calls("gateway")["check-exists"] == 3
    assert "session" not in outside.calls("gateway")  # no request asks how the line is
    assert outside.calls("gateway")["messages"] <= 8  # each number's chat once a process


def hidden_page(client: httpx.Client, address: str, opening: dict[str, dict[str, str]]) -> str:
    action = urlsplit(str(opening["action"]))
    page = client.post(f"{address}{action.path}?{action.query}", data=opening["fields"])
    assert page.status_code == 200
    return re.findall('data-opening="([^"]+)"', page.text)[0]
