"""SQLAlchemy compiles a statement once in a process, instead of once for each test's database."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

COMPILED: dict[Any, Any] = {}


class SameForAll(SQLiteDialect_pysqlite):
    """The usual one. All of ours are set up alike, so what was compiled for one of them holds for
    each."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=COMPILED)


def compile_once() -> None:
    registry.register("sqlite", __name__, SameForAll.__name__)
