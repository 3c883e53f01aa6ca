"""The package as a next release might be: another version, and a schema that has grown."""

from __future__ import annotations

import shutil
from pathlib import Path

import waremind
from waremind.store import migrations

VERSION = "99.0.0"
# Every table grows, so that every statement that the old program keeps prepared has to cope.
_GROWN = """\
-- What a release adds for itself: a column everywhere, which the one before does not know.
-- compatible_from: {least}
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1 LOOP
        EXECUTE format('ALTER TABLE %I ADD grown integer NOT NULL DEFAULT 0', name);
    END LOOP;
END
$$;
CREATE TABLE grown (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
"""


def next_release(directory: Path, *, compatible_from: int | None = None) -> Path:
    """Make `directory`/waremind; the directory goes first on PYTHONPATH.

    Programs of now go on beside its schema, unless `compatible_from` says otherwise.
    """
    package = directory / "waremind"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(waremind.__file__).parent, package, ignore=ignored)
    module = package / "__init__.py"
    text = module.read_text()
    assert waremind.__version__ in text
    module.write_text(text.replace(waremind.__version__, VERSION))
    known = len(migrations.read())
    step = package / f"store/migrations/{known + 1:04}_grown.sql"
    step.write_text(_GROWN.format(least=compatible_from or known))
    return directory
