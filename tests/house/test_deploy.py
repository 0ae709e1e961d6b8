"""What an operator starts from: the image, compose.yaml, units, manifests. Read as their tools read
them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stand import Widget
from tools.image import Copier
from widget.chats.files import MAX_FILE_SIZE
from widget.config import Config
from widget.gateways.adapter import SLOWEST
from widget.i18n import languages
from widget.jobs.queue import TO_END
from widget.webhooks.gateway_receiver import MAX_BODY_WITH_FILE

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes/widget.yaml").read_text()))
SECRET = {"SECRET_KEY", "ENCRYPTION_KEYS", "BITRIX_CLIENT_ID", "BITRIX_CLIENT_SECRET"}
SETTINGS = {name.upper() for name in Config.__dataclass_fields__} | {"PROMETHEUS_MULTIPROC_DIR"}
NGINX = "nginx.ingress.kubernetes.io"
ENDPOINTS_INSIDE = {"health", "metrics"}


def test_the_image_holds_all_that_the_service_needs_and_nothing_else() -> None:
    copied = {name for line in re.findall(r"^COPY (?!--)(.*)", DOCKERFILE, re.M) for name in line.split()[:-1]}
    let_in = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.M))
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_takes_only_packages_with_a_hash_and_is_not_root() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert re.findall(r"^USER (.*)", DOCKERFILE, re.M) == ["10001:10001"]
    assert re.search(r"^HEALTHCHECK .*?/health/live", DOCKERFILE, re.M)


def test_a_root_is_copied_without_what_has_no_end_and_within_a_bound(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "dev").mkdir(parents=True)
    os.mkfifo(root / "dev/pipe")  # as a device: read like a file it never ends
    (root / "dev/full").symlink_to("/dev/full")
    (root / "program").write_bytes(b"12345678")
    (root / "program").chmod(0o755)

    copier = Copier(most=15)
    copier.tree(root, tmp_path / "copy")

    assert sorted(str(each.relative_to(tmp_path / "copy")) for each in (tmp_path / "copy").rglob("*")) == [
        *("dev", "dev/full", "program")
    ]
    assert (tmp_path / "copy/dev/full").is_symlink()
    assert os.access(tmp_path / "copy/program", os.X_OK)
    for refused in (root / "program", root / "dev/pipe", root / "dev/full"):  # the bound is met; no files
        with pytest.raises(SystemExit):
            copier.file(refused, tmp_path / "more")


def test_the_image_has_the_languages_that_the_pages_speak() -> None:
    assert set(re.findall(r"'([a-z]+)\*\.dat'", DOCKERFILE)) == set(languages())


@pytest.mark.parametrize("name", ["web", "worker", "upgrade"])
def test_containers_of_ours_can_change_nothing_but_memory(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {place.split(":")[0] for place in service["tmpfs"]} == {"/tmp", "/run/metrics"}


def test_compose_starts_two_of_each_when_the_tables_are_there() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"upgrade", "web", "worker", "db", "valkey", "caddy"}
    for name in ("web", "worker"):
        assert services[name]["deploy"]["replicas"] == 2
        assert services[name]["depends_on"]["upgrade"]["condition"] == "service_completed_successfully"
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert "--maxmemory-policy noeviction" in services["valkey"]["command"]
    assert "--appendonly yes" in services["valkey"]["command"]


def named_settings() -> Iterator[tuple[str, str]]:
    for name in ("web", "worker", "upgrade"):
        yield from ((f"compose {name}", each) for each in COMPOSE["services"][name]["environment"])
    yield from (("ConfigMap", each) for each in MANIFESTS[0]["data"])
    for unit in DEPLOY.glob("systemd/*.service"):
        told = " ".join(re.findall(r"^Environment=(.*)", unit.read_text(), re.M))
        yield from ((unit.name, each.split("=")[0]) for each in told.split())


def test_every_setting_that_is_named_exists() -> None:
    assert {pair for pair in named_settings() if pair[1] not in SETTINGS and not pair[1].startswith("PYTHON")} == set()


def test_commands_are_those_of_the_service(widget: Widget) -> None:
    texts = [(ROOT / "compose.yaml").read_text(), (DEPLOY / "kubernetes/widget.yaml").read_text()]
    texts += [unit.read_text() for unit in DEPLOY.glob("systemd/*.service")]
    named = {name for text in texts for name in re.findall(r"flask,? ([a-z-]+)", text)}
    assert named == {"upgrade", "worker"}
    assert named <= set(widget.app.cli.commands)


def test_the_proxy_asks_for_certificates_and_keeps_what_is_the_operators_inside() -> None:
    """`make check-deploy` starts it."""
    caddy = (DEPLOY / "caddy/Caddyfile").read_text()
    for said in ("{$WIDGET_HOST} {", "encode gzip", "max_size 20MB", "request_buffers 64MB", "lb_retries 0"):
        assert said in caddy
    assert "path /health /health/* /metrics /metrics/*" in caddy


def test_the_ingress_leads_to_every_page_and_to_none_of_the_operators(widget: Widget) -> None:
    (ingress,) = (each for each in MANIFESTS if each["kind"] == "Ingress")
    led = {path["path"].strip("/") for path in ingress["spec"]["rules"][0]["http"]["paths"]}
    pages = {rule.rule.split("/")[1] for rule in widget.app.url_map.iter_rules()}
    assert led == pages - ENDPOINTS_INSIDE


def test_proxies_let_through_and_wait_for_what_the_widget_takes() -> None:
    """A gateway's largest report, or the line's section could not say what was lost; and a send of
    the largest file."""
    (ingress,) = (each["metadata"]["annotations"] for each in MANIFESTS if each["kind"] == "Ingress")
    caddy = (DEPLOY / "caddy/Caddyfile").read_text()
    sizes = re.findall(r"hooks/gateway/\* \{\s+max_size (\d+)MB", caddy), [ingress[f"{NGINX}/proxy-body-size"][:-1]]
    seconds = re.findall(r"response_header_timeout (\d+)s", caddy), [ingress[f"{NGINX}/proxy-read-timeout"]]
    assert all(int(size) * 10**6 > MAX_BODY_WITH_FILE for (size,) in sizes)
    assert all(int(each) > Config.send_timeout + MAX_FILE_SIZE / SLOWEST for (each,) in seconds)


def test_a_restart_cuts_no_send_of_a_file() -> None:
    """Kubernetes counts the eight seconds in which proxies hear of the end."""
    (web,) = re.findall(r"^graceful_timeout = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), re.M)
    assert int(web) == TO_END > Config.send_timeout + MAX_FILE_SIZE / SLOWEST
    stops = [COMPOSE["services"][name]["stop_grace_period"][:-1] for name in ("web", "worker")]
    stops += [
        re.findall(r"^TimeoutStopSec=(\d+)", unit.read_text(), re.M)[0] for unit in DEPLOY.glob("systemd/*.service")
    ]
    pods = [each["spec"]["template"]["spec"] for each in MANIFESTS if "template" in each.get("spec", {})]
    stops += [pod["terminationGracePeriodSeconds"] for pod in pods]
    assert {int(stop) for stop in stops} == {90} and TO_END + 8 < 90


@pytest.mark.parametrize("kind", ["web", "worker"])
def test_pods_are_locked_and_wait_for_the_tables(kind: str) -> None:
    (pod,) = (
        each["spec"]["template"]["spec"]
        for each in MANIFESTS
        if each["metadata"]["name"] == f"widget-{kind}" and "template" in each["spec"]
    )
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["initContainers"][0]["command"][-1] == "upgrade"
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def make_env(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = folder / "deploy" / "make_env.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text((DEPLOY / "make_env.py").read_text())
    given = {**os.environ, "BITRIX_CLIENT_ID": "local.1", "BITRIX_CLIENT_SECRET": "key"}
    return subprocess.run([sys.executable, script, *arguments], check=False, env=given, capture_output=True, text=True)


def test_one_command_makes_settings_that_the_service_takes(tmp_path: Path) -> None:
    assert make_env(tmp_path, "widget.example.com").returncode == 0
    file = tmp_path / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    made = dict(re.findall(r"^([A-Z_]+)='(.*)'$", file.read_text(), re.M))
    assert set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "compose.yaml").read_text())) | SECRET <= set(made)
    assert Config.from_environ({name: made[name] for name in SECRET}).bitrix_client_secret == "key"

    again = make_env(tmp_path, "widget.example.com")
    assert again.returncode == 1
    assert dict(re.findall(r"^([A-Z_]+)='(.*)'$", file.read_text(), re.M)) == made


def test_a_host_that_bitrix24_refuses_is_refused_here(tmp_path: Path) -> None:
    assert make_env(tmp_path, "localhost").returncode == 2
    assert not (tmp_path / ".env").exists()
