"""Where the daemons of an upgrade live."""

from systemd.short_path import tmp_path

__all__ = ["tmp_path"]
