"""The columns of a table as the dataclass of its rows names them, for SQL about whole rows."""

from dataclasses import fields
from typing import Any

from psycopg.sql import SQL, Composed, Identifier, Placeholder


class Columns:
    """What a row class has columns for: `names` and `placeholders` stand in SQL, with commas."""

    def __init__(self, kind: type[Any]) -> None:
        self._names = [field.name for field in fields(kind)]
        self.names = SQL(", ").join(map(Identifier, self._names))
        self.placeholders = SQL(", ").join(map(Placeholder, self._names))

    def of(self, alias: str) -> Composed:
        """Name them as those of a table that has an alias."""
        return SQL(", ").join(Identifier(alias, name) for name in self._names)

    def values(self, row: object) -> dict[str, Any]:
        """Give a row's values to the placeholders."""
        return {name: getattr(row, name) for name in self._names}
