"""What a service manager and its daemon are tried in."""

from systemd.short_path import tmp_path

__all__ = ["tmp_path"]
