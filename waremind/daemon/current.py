"""The settings of the running daemon, which a reload may change."""

from typing import NamedTuple

from waremind.config import LIVE, Configuration, Settings, differing


class Reloaded(NamedTuple):
    """Dotted names of settings: what has changed, and what only a restart would change."""

    changed: list[str]
    refused: list[str]


class CurrentSettings:
    """Holds the `settings` as they are now; whoever keeps a part of them keeps an old one."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.settings: Settings = configuration.settings

    def compare(self) -> Reloaded:
        """Read every source again and say what `reload` would do. Raises WaremindError."""
        return self._compared(self._configuration.read_again().settings)[1]

    def reload(self) -> Reloaded:
        """Read every source again and take what can change live.

        Raises WaremindError when they are not valid; then all stays as it is.
        """
        self.settings, reloaded = self._compared(self._configuration.read_again().settings)
        return reloaded

    def _compared(self, fresh: Settings) -> tuple[Settings, Reloaded]:
        update = {name: getattr(fresh, name) for name in LIVE}
        taken = self.settings.model_copy(update=update)
        return taken, Reloaded(differing(self.settings, taken), differing(taken, fresh))
