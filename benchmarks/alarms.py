"""What deploy/alerts.yaml would say about scraped metrics: the part of PromQL that its rules use,
and no more.

A rule's expression is read as Python once its selectors are taken out of it: both languages rank
`and`, `>` and `/` alike. Rates are increases between scrapes, without Prometheus' extrapolation to
the ends of a window.
"""

import ast
import math
import operator
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

RULES = Path(__file__).resolve().parent.parent / "deploy" / "alerts.yaml"
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
STALE = 300.0  # seconds for which a value holds that was not seen again
SELECTOR = re.compile(r"\b(widget_\w+)(?:\{([^}]*)\})?(?:\[(\w+)\])?(?:\s+offset\s+(\w+))?")
MATCHER = re.compile(r'(\w+)\s*(=~|!=|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\b(sum|min|max) by \(([^)]*)\) \(")

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Series = dict[tuple[str, Labels], list[tuple[float, float]]]  # (time, value), oldest first

_AGGREGATES: dict[str, Callable[[list[float]], float]] = {"sum": sum, "min": min, "max": max}
_ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Div: lambda left, right: left / right if right else math.nan,
    ast.Mult: operator.mul,
    ast.Add: operator.add,
}
_COMPARE: dict[type, Callable[[float, float], bool]] = {ast.Gt: operator.gt, ast.Lt: operator.lt}


@dataclass(frozen=True)
class Selector:
    """`window` and `offset` are seconds, 0 for none."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    window: float
    offset: float

    def fits(self, name: str, labels: Labels) -> bool:
        known = dict(labels)
        return name == self.name and all(_fits(known.get(label, ""), how, text) for label, how, text in self.matchers)


@dataclass
class Rule:
    name: str
    lasts: float  # seconds for which it must be true
    selectors: list[Selector] = field(default_factory=list)
    tree: ast.expr | None = None
    since: float | None = None


class Alarms:
    """Prometheus and its rules, `speed` times as fast as they are written."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._series: Series = defaultdict(list)
        self._rules = [_rule(each) for each in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]]
        self._now = 0.0
        self._kept: dict[str, float] = defaultdict(float)  # by metric, for how many seconds a rule may look back
        for selector in (each for rule in self._rules for each in rule.selectors):
            back = (max(selector.window, STALE) + selector.offset) / speed
            self._kept[selector.name] = max(self._kept[selector.name], back)

    def scrape(self, at: float, instance: str, text: str) -> None:
        """Take in what an instance answered at this time (seconds), for times that only grow. What
        no rule looks back at any more is forgotten."""
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name not in self._kept:
                    continue
                labels = frozenset({**sample.labels, "instance": instance}.items())
                points = self._series[sample.name, labels]
                points.append((at, sample.value))
                del points[: _until(points, at - self._kept[sample.name])]

    def firing(self, at: float) -> set[str]:
        """The alerts that have been true for long enough by this time. For times that only grow."""
        self._now = at
        found = set()
        for rule in self._rules:
            if not self._walk(rule.tree, rule):
                rule.since = None
                continue
            rule.since = at if rule.since is None else rule.since
            if at - rule.since >= rule.lasts / self._speed:
                found.add(rule.name)
        return found

    def _walk(self, node: Any, rule: Rule) -> Any:
        """The value of an expression: a vector, or a number."""
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.BoolOp():
                left, right = (self._walk(each, rule) for each in node.values)
                if isinstance(node.op, ast.Or):
                    return left | right
                return {labels: value for labels, value in left.items() if labels in right}
            case ast.Compare():
                holds = _COMPARE[type(node.ops[0])]
                left, right = self._walk(node.left, rule), self._walk(node.comparators[0], rule)
                return {labels: one for labels, one, other in _pairs(left, right) if holds(one, other)}
            case ast.BinOp():
                count = _ARITHMETIC[type(node.op)]
                left, right = self._walk(node.left, rule), self._walk(node.right, rule)
                return {labels: count(one, other) for labels, one, other in _pairs(left, right)}
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node.args, rule)
        raise ValueError(f"{rule.name}: {ast.dump(node)} is not known here")

    def _call(self, name: str, arguments: list[ast.expr], rule: Rule) -> Vector:
        if name == "selected":
            return self._instant(rule.selectors[_constant(arguments[0])])
        if name == "rate":
            return self._rate(rule.selectors[_constant(arguments[0].args[0])])  # type: ignore[attr-defined]
        if name == "absent":
            return {} if self._walk(arguments[0], rule) else {frozenset(): 1.0}
        if name == "histogram_quantile":
            return _quantile(float(_constant(arguments[0])), self._walk(arguments[1], rule))
        by = set(_constant(arguments[0]).split(", ")) if len(arguments) == 2 else set()
        groups: dict[Labels, list[float]] = defaultdict(list)
        for labels, value in self._walk(arguments[-1], rule).items():
            groups[frozenset(pair for pair in labels if pair[0] in by)].append(value)
        return {labels: _AGGREGATES[name](values) for labels, values in groups.items()}

    def _instant(self, selector: Selector) -> Vector:
        """The newest value of each series; of an instance that is gone, for a while its last
        one."""
        until = self._now - selector.offset / self._speed
        return {labels: points[-1][1] for labels, points in self._points(selector, until - STALE / self._speed, until)}

    def _rate(self, selector: Selector) -> Vector:
        """A second; a counter that begins anew has grown by what it shows."""
        window = selector.window / self._speed
        grown = {}
        for labels, points in self._points(selector, self._now - window, self._now):
            steps = pairwise(points)
            grown[labels] = sum(after - before if after >= before else after for (_, before), (_, after) in steps)
        return {labels: value / window for labels, value in grown.items()}

    def _points(
        self, selector: Selector, since: float, until: float
    ) -> Iterator[tuple[Labels, list[tuple[float, float]]]]:
        for (name, labels), points in self._series.items():
            if selector.fits(name, labels) and (inside := points[_until(points, since) : _until(points, until)]):
                yield labels, inside


def _until(points: list[tuple[float, float]], at: float) -> int:
    """How many of these were up to this time."""
    return bisect_right(points, (at, math.inf))


def _rule(told: dict[str, Any]) -> Rule:
    rule = Rule(told["alert"], _seconds(told.get("for", "0s")))

    def taken_out(found: re.Match[str]) -> str:
        name, matchers, window, offset = found.groups()
        kept = tuple(MATCHER.findall(matchers or ""))
        rule.selectors.append(Selector(name, kept, _seconds(window or "0s"), _seconds(offset or "0s")))
        return f"selected({len(rule.selectors) - 1})"

    text = SELECTOR.sub(taken_out, " ".join(told["expr"].split()))
    rule.tree = ast.parse(GROUPED.sub(r'\1("\2", ', text), mode="eval").body
    return rule


def _seconds(text: str) -> float:
    return float(text[:-1]) * SECONDS[text[-1]]


def _fits(value: str, how: str, wanted: str) -> bool:
    if how == "=~":
        return re.fullmatch(wanted, value) is not None
    return (value == wanted) == (how == "=")


def _constant(node: ast.expr) -> Any:
    return ast.literal_eval(node)


def _pairs(left: Vector | float, right: Vector | float) -> Iterator[tuple[Labels, float, float]]:
    """What is counted with what: series of the same labels, or each with a number."""
    if isinstance(left, float):
        assert not isinstance(right, float)
        yield from ((labels, left, value) for labels, value in right.items())
    elif isinstance(right, float):
        yield from ((labels, value, right) for labels, value in left.items())
    else:
        yield from ((labels, value, right[labels]) for labels, value in left.items() if labels in right)


def _quantile(share: float, buckets: Vector) -> Vector:
    """The upper end of the bucket in which this share of all falls."""
    by_series: dict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for labels, count in buckets.items():
        known = dict(labels)
        by_series[labels - {("le", known["le"])}].append((float(known["le"]), count))
    found = {}
    for labels, counts in by_series.items():
        counts.sort()
        if total := counts[-1][1]:
            found[labels] = next(end for end, count in counts if count >= share * total)
    return found
