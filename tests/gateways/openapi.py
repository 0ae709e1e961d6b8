"""Requests of an adapter, held against the vendor's published OpenAPI document."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

JSON_TYPES = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "array": list, "object": dict}


@dataclass(frozen=True)
class Document:
    spec: Any

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Skips the test where the document is missing: it is the vendor's, and no part of this
        repository."""
        if not path.exists():
            pytest.skip(f"the OpenAPI document {path.name} is not on this machine")
        return cls(json.loads(path.read_text()))

    def check(self, request: httpx.Request) -> None:
        """The path, the method, every parameter and every field of the body are documented, and
        none is missing."""
        operation = operation_of(self.spec, request)
        check_query(operation, dict(request.url.params))
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert bool(body) is bool(request.content)
        if body:
            check_value(self.spec, body["schema"], json.loads(request.content), "body")


def operation_of(spec: Any, request: httpx.Request) -> Any:
    """The operation this request is for: the most literal path of the document that fits."""
    path = request.url.raw_path.decode().partition("?")[0]
    fitting = [
        template
        for template in spec["paths"]
        if request.method.lower() in spec["paths"][template]
        and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path)
    ]
    assert fitting, f"{request.method} {path} is not in the document"
    return spec["paths"][min(fitting, key=lambda template: template.count("{"))][request.method.lower()]


def resolve(spec: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def check_value(spec: Any, schema: Any, value: Any, where: str) -> None:
    schema = resolve(spec, schema)
    for part in schema.get("allOf", []):
        check_value(spec, part, value, where)
    if "oneOf" in schema:
        check_one_of(spec, schema["oneOf"], value, where)
    if "properties" not in schema and schema.get("type", "object") == "object":
        return  # generators write a bare object for whatever type they cannot name
    if "type" in schema:
        assert isinstance(value, JSON_TYPES[schema["type"]]), f"{where} is {value!r}"
    if "enum" in schema:
        assert value in schema["enum"], where
    for name in schema.get("required", []):
        assert name in value, f"{where}.{name} is missing"
    for name, inner in value.items() if isinstance(value, dict) else ():
        assert name in schema.get("properties", {}), f"{where}.{name} is not in the document"
        check_value(spec, schema["properties"][name], inner, f"{where}.{name}")
    for inner in value if isinstance(value, list) else ():
        check_value(spec, schema.get("items", {}), inner, f"{where}[]")


def check_one_of(spec: Any, schemas: list[Any], value: Any, where: str) -> None:
    complaints = []
    for schema in schemas:
        try:
            return check_value(spec, schema, value, where)
        except AssertionError as error:
            complaints.append(str(error))
    raise AssertionError("; or ".join(complaints))


def check_query(operation: Any, query: dict[str, str]) -> None:
    declared = {
        parameter["name"]: parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"
    }
    assert query.keys() <= declared.keys(), f"{query.keys() - declared.keys()} is not in the document"
    for name, parameter in declared.items():
        assert name in query or not parameter.get("required"), f"{name} is missing"
        if name not in query:
            continue
        kind, allowed = parameter["schema"].get("type"), parameter["schema"].get("enum")
        assert not allowed or query[name] in allowed
        assert kind != "number" or float(query[name]) >= 0
        assert kind != "boolean" or query[name] in ("true", "false")
