"""How a row becomes a value: each field of a dataclass from the column of its name."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import Column, Float, RowMapping, Table

Value = TypeVar("Value")


def reader(
    kind: type[Value],
    table: Table,
    *,
    columns: Mapping[str, str] = MappingProxyType({}),
    **convert: Callable[[Any], Any],
) -> Callable[[RowMapping], Value]:
    """A function that makes a `kind` of a row that holds the table's columns, perhaps among others.

    `columns` names the column of a field that is called otherwise; `convert` says by field what is
    made of its value. Raises KeyError here, not while reading, for a field without a column.
    """
    held = {field.name: table.c[columns.get(field.name, field.name)] for field in fields(kind)}  # type: ignore[arg-type]
    read = [(column, convert.get(name, _plain(column))) for name, column in held.items()]
    return lambda row: kind(*[into(row[column]) for column, into in read])


def _plain(column: Column[Any]) -> Callable[[Any], Any]:
    """SQLite's RETURNING gives a whole number where a float was stored as 5.0."""
    return float if isinstance(column.type, Float) else lambda value: value
