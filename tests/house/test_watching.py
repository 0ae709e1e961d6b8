"""Alerts and the dashboard ask for what is really counted, and each alert says what to do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.stand import Widget
from widget.gateways.kinds import KINDS

ROOT = Path(__file__).resolve().parent.parent.parent
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())["groups"][0]["rules"]
PANELS: list[dict[str, Any]] = json.loads((ROOT / "deploy/grafana.json").read_text())["panels"]
ASKED = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
MORE = {"le", "instance"}  # labels of Prometheus itself


def selectors(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that an expression names, with the labels that are asked of it."""
    for name, labels in re.findall(r"\b(widget_\w+)(?:\{([^}]*)\})?", text):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", labels))


@pytest.fixture
def counted(widget: Widget) -> dict[str, set[str]]:
    """Every metric after a card, a send and a round, with its labels."""
    card = widget.open().reveal().check()
    card.send(card.open_chat(card.keys["+7 926 111-22-33"]).chat, "Добрый день", "key-1")
    card.open_chat("0" * 24)
    services = widget.services
    services.infra.metrics.renewed("renewed")
    services.infra.metrics.portal_error("other")
    line = services.storage.lines.all_of(widget.portals[0])[0]
    services.storage.line_health.record_webhook(line.portal_id, line.id)
    for task in services.jobs.queue._registry.periodic_tasks:
        services.jobs.queue.execute(task)
    text = widget.app.test_client().get("/metrics").get_data(as_text=True)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_what_alerts_and_panels_ask_for_is_counted(counted: dict[str, set[str]]) -> None:
    counted["widget_redis_connections"] = {"state"}  # this widget has no Redis
    for text in ASKED:
        for name, labels in selectors(text):
            assert name in counted, text
            assert labels <= counted[name] | MORE, text
        grouped = {each.strip() for by in re.findall(r"\bby \(([^)]*)\)", text) for each in by.split(",")}
        assert grouped <= MORE.union(*(counted[name] for name, _labels in selectors(text))), text


def test_the_alert_for_gateways_counts_every_kind() -> None:
    [expression] = [rule["expr"] for rule in RULES if rule["alert"] == "GatewayDown"]
    assert set(re.findall(r'host=~"([^"]*)"', expression)) == {"|".join(KINDS)}


def test_no_label_can_grow_without_end(counted: dict[str, set[str]]) -> None:
    assert set().union(*counted.values()) - {"le"} == {
        *("answer", "code", "kind", "left", "name", "outcome", "route", "state", "status", "how", "host", "version"),
        *("store", "waited"),
    }


def test_each_alert_leads_to_a_page_that_is_there() -> None:
    page = (ROOT / "docs/incidents.md").read_text()
    titles = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.*)", page, re.M)
    }
    for rule in RULES:
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (ROOT / file).exists()
        assert anchor in titles, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
