"""Tells WhatsApp once that the device is there: before that, others may see `-` as its sender."""

import threading
from collections.abc import Callable


class Presence:
    """Announced once a session, beside all else."""

    def __init__(self) -> None:
        self._announcing = threading.Lock()
        self._is_announced = False

    def ensure(self, announce: Callable[[], None]) -> None:
        """Have it announced, unless it is; what fails is tried again the next time.

        `announce` raises as long as the phone has not shared its name with the device.
        """
        if not self._is_announced:
            threading.Thread(target=self._announce, args=(announce,), daemon=True).start()

    def _announce(self, announce: Callable[[], None]) -> None:
        if not self._announcing.acquire(blocking=False):
            return
        try:
            if not self._is_announced:
                announce()
                self._is_announced = True
        except Exception:  # noqa: BLE001, S110 - the library's errors have no common class
            pass
        finally:
            self._announcing.release()
