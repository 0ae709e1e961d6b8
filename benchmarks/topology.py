"""Many hosts on one machine: web processes and workers over PostgreSQL and Valkey, a proxy in
front, each to be killed.

nginx is the proxy and PgBouncer, in transaction mode, stands before PostgreSQL, where they are
installed; without them the load goes to the web processes in turn, and straight to PostgreSQL.
"""

import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from benchmarks.environment import ROOT, SERVER, Environment, _end
from sandbox.postgres import UNPRIVILEGED, Postgres
from sandbox.server import tied_to_parent
from sandbox.valkey import Valkey

TICK = os.sysconf("SC_CLK_TCK")
POOL = """[databases]
* = host={host} user=widget
[pgbouncer]
listen_addr =
unix_socket_dir = {home}
unix_socket_mode = 0777
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 40
max_client_conn = 2000
server_login_retry = 1
"""
PROXY = """worker_processes 1; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log warn;
events {{ worker_connections 2048; }}
http {{
  access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  upstream widget {{ {servers} keepalive 64; }}
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 20m; large_client_header_buffers 8 16k;
    location / {{
      proxy_pass http://widget; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_next_upstream off; proxy_read_timeout 60s; proxy_connect_timeout 3s;
    }}
  }}
}}
"""


class Topology(Environment):
    """Web processes of one worker each, so that «two» are two hosts' worth; the stub is the world
    outside."""

    def __init__(self, *, web: int = 2, workers: int = 2, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.web = [f"web{number}" for number in range(1, web + 1)]
        super().__init__(
            {"FIRSTS_PER_DAY": "10000", "YOUNG_FIRSTS_PER_DAY": "10000", "SENDS_PER_DAY": "10000", **settings},
            more_ports=(*self.web, "proxy"),
        )
        self.background = [f"worker{number}" for number in range(1, workers + 1)]
        self.proxied = shutil.which("nginx") is not None
        self.pooled = shutil.which("pgbouncer") is not None
        self._commands: dict[str, list[str]] = {}
        self._turn = itertools.cycle(self.web)

    @property
    def door(self) -> int:
        """The port to knock at."""
        return self.ports["proxy" if self.proxied else next(self._turn)]

    def seconds(self) -> dict[str, float]:
        """Processor seconds that each part has used so far, with its children."""
        found = {"valkey": _used(self._valkey.pid), "postgresql": _used(self._postgres.pid)}
        for name, program in self._programs.items():
            part = name.rstrip("0123456789")
            found[part] = found.get(part, 0.0) + _used(program.pid)
        return {part: round(used, 3) for part, used in found.items()}

    def memory(self) -> dict[str, float]:
        """MB that web processes and workers hold, their own part alone."""
        return {
            name: round(sum(_private(pid) for pid in _family(self._programs[name].pid)) / 1024, 1)
            for name in (*self.web, *self.background)
            if self._programs[name].poll() is None
        }

    def kill(self, name: str) -> None:
        """SIGKILL to a program with its children, to Valkey or to PostgreSQL."""
        if name == "valkey":
            self._valkey.kill()
            return
        if name == "postgresql":
            # Its processes are each a group of their own, and it does not start again while one of
            # them lives.
            for pid in _family(self._postgres.pid or 0)[1:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._postgres.kill()
            return
        os.killpg(self._programs[name].pid, signal.SIGKILL)
        self._programs[name].wait()

    def again(self, name: str) -> None:
        """Start it anew, as its supervisor does."""
        if name == "valkey":
            self._valkey.start()
        elif name == "postgresql":
            self._postgres.start()
        else:
            self._run(name, self._commands[name])

    def stop_web(self, keep: int) -> None:
        """Only so many web processes from now on."""
        for name in self.web[keep:]:
            _end(self._programs.pop(name))
        self.web = self.web[:keep]
        self._turn = itertools.cycle(self.web)
        if self.proxied:
            _end(self._programs.pop("proxy"))
            self._start_proxy()

    def text(self, name: str, path: str) -> str:
        """What a web process answers."""
        import urllib.request  # noqa: PLC0415

        with urllib.request.urlopen(self._address(name, path), timeout=30) as answer:
            return str(answer.read().decode())

    def sent(self) -> dict[str, int]:
        """How often the gateway was given each text to send."""
        found: dict[str, int] = self._tell_outside("/_sent")
        return found

    def hang_up(self, seconds: float) -> None:
        """The gateway does what it is asked and does not say so."""
        self._tell_outside("/_down", {"seconds": seconds})

    @property
    def _database(self) -> str:
        return self._database_url

    def _start(self) -> None:
        self._data = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self._valkey = self._stack.enter_context(Valkey(persist=True))
        self._postgres = self._stack.enter_context(Postgres(keeps=True))
        self._database_url = self._postgres.url(self._postgres.new_database("widget"))
        if self.pooled:
            self._start_pool()
        self._environment = {**os.environ, **self._settings()}
        self._run("outside", [sys.executable, "-m", "benchmarks.stub", "--port", str(self.outside)])
        self._seed()
        self._await("outside", f"http://127.0.0.1:{self.outside}/_calls")
        for name in self.web:
            bind = ("--bind", f"127.0.0.1:{self.ports[name]}", "--workers", "1")
            self._run(name, [sys.executable, "-m", "gunicorn", "wsgi:app", *bind, *SERVER])
        for name in self.background:
            self._run(name, [sys.executable, "-m", "flask", "--app", "wsgi", "worker"])
        for name in self.web:
            self._await(name, self._address(name, "/health/ready"))
        if self.proxied:
            self._start_proxy()

    def _start_pool(self) -> None:
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pool-", dir="/tmp")))
        home.chmod(0o755)
        settings = home / "pgbouncer.ini"
        host = str(self._postgres._home)
        settings.write_text(POOL.format(host=host, home=home))
        if UNPRIVILEGED:
            shutil.chown(home, UNPRIVILEGED)
            settings.chmod(0o644)
        self._environment = dict(os.environ)
        self._run("pool", [*tied_to_parent(UNPRIVILEGED or 0), str(shutil.which("pgbouncer")), str(settings)])
        deadline = time.monotonic() + 10
        while not (home / ".s.PGSQL.6432").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._database_url = f"postgresql+psycopg://widget@/widget?host={home}&port=6432"

    def _start_proxy(self) -> None:
        servers = " ".join(f"server 127.0.0.1:{self.ports[name]} max_fails=2 fail_timeout=2s;" for name in self.web)
        settings = self._data / "nginx.conf"
        settings.write_text(PROXY.format(home=self._data, servers=servers, port=self.ports["proxy"]))
        self._run("proxy", [str(shutil.which("nginx")), "-p", str(self._data), "-c", str(settings)])
        self._await("proxy", self._address("proxy", "/health/live"))

    def _run(self, name: str, command: list[str]) -> None:
        self._commands[name] = command
        super()._run(name, command)


def _family(pid: int) -> list[int]:
    """A process and all its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _family(int(child)))]


def _used(pid: int | None) -> float:
    """Processor seconds of a process and its children, those that have ended too."""
    used = 0.0
    for each in _family(pid) if pid else ():
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += sum(int(fields[at]) for at in (11, 12)) / TICK
        if each == pid:
            used += sum(int(fields[at]) for at in (13, 14)) / TICK
    return used


def _private(pid: int) -> int:
    """kB."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Private_"))


__all__ = ["ROOT", "Topology"]
