"""What a migration takes away from programs that do not know it, as the catalog shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from waremind.store.database import Connection

_WORDS = re.compile(r"ARRAY\[(.*?)\]")


class Column(NamedTuple):
    """A column, and whether who does not name it can add a row."""

    type: str
    is_nullable: bool
    is_given: bool


class Rule(NamedTuple):
    """A constraint or unique index: its definition, and the columns that it is about."""

    definition: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a program relies on; tables and columns by name, functions with their arguments."""

    columns: Mapping[tuple[str, str], Column]
    functions: Mapping[str, str]
    rules: Mapping[tuple[str, str], Rule]

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.columns}


_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        NOT a.attnotnull OR a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
      AND NOT a.attisdropped
"""
_FUNCTIONS = """
    SELECT oid::regprocedure::text, pg_get_function_result(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
"""
_RULES = """
    SELECT r.relname, n.conname, pg_get_constraintdef(n.oid), ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = n.conrelid AND attnum = ANY (n.conkey))
    FROM pg_constraint n JOIN pg_class r ON r.oid = n.conrelid
    WHERE n.connamespace = 'public'::regnamespace AND n.contype IN ('c', 'f', 'u', 'p', 'x')
    UNION ALL
    SELECT t.relname, i.relname, pg_get_indexdef(i.oid), ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = t.oid AND attnum = ANY (x.indkey))
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conindid = i.oid)
"""


async def read_catalog(connection: Connection) -> Catalog:
    """Read what the tables are now."""

    async def rows(query: str) -> list[tuple[Any, ...]]:
        return await (await connection.execute(query.encode())).fetchall()

    return Catalog(
        {(table, name): Column(*rest) for table, name, *rest in await rows(_COLUMNS)},
        dict(await rows(_FUNCTIONS)),
        {
            (table, name): Rule(definition, frozenset(columns))
            for table, name, definition, columns in await rows(_RULES)
        },
    )


def takes_away(before: Catalog, after: Catalog) -> set[str]:
    """Say what a program that knows only `before` could not go on with."""
    return {*_columns(before, after), *_functions(before, after), *_rules(before, after)}


def _columns(before: Catalog, after: Catalog) -> Iterator[str]:
    for key, column in before.columns.items():
        found = after.columns.get(key)
        if found is None or found.type != column.type:
            yield f"{'.'.join(key)} is gone, or of another type"
        elif column.is_given and not found.is_given:
            yield f"{'.'.join(key)} has to be given"
    for key in after.columns.keys() - before.columns.keys():
        if key[0] in before.tables and not after.columns[key].is_given:
            yield f"{'.'.join(key)} is new, and has to be given"


def _functions(before: Catalog, after: Catalog) -> Iterator[str]:
    for name, result in before.functions.items():
        if after.functions.get(name) != result:
            yield f"{name} is gone, or gives something else"


def _rules(before: Catalog, after: Catalog) -> Iterator[str]:
    known = before.columns.keys()
    for (table, name), rule in after.rules.items():
        is_about_old = any((table, column) in known for column in rule.columns)
        was = before.rules.get((table, name))
        if table in before.tables and is_about_old and not (was and _admits(rule, was)):
            yield f"{table} has a rule that is new, or stricter: {name}"


def _admits(rule: Rule, was: Rule) -> bool:
    """Tell whether a rule is as it was, or names more words of the same list."""
    more, fewer = _WORDS.findall(rule.definition), _WORDS.findall(was.definition)
    frame = _WORDS.sub("", rule.definition) == _WORDS.sub("", was.definition)
    return frame and all(_listed(a) >= _listed(b) for a, b in zip(more, fewer, strict=True))


def _listed(words: str) -> set[str]:
    return {word.strip() for word in words.split(",")}
