"""A field of numbers as crontab(5) and systemd.time(7) write it: values, ranges, steps, lists."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError

_PIECE = re.compile(
    r"(?P<first>\*|\w{1,9})(?:(?:-|\.\.)(?P<last>\w{1,9}))?(?:/(?P<step>[1-9]\d{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class NumberField:
    """One field: the flag it belongs to, what it is called, its numbers, and names of some."""

    flag: str
    name: str
    lowest: int
    highest: int
    names: Mapping[str, int] = field(default_factory=dict[str, int])
    only_names: bool = False

    def values(self, text: str) -> frozenset[int] | None:
        """Read the numbers; None: each.

        Raises WaremindError `invalid_input` that names the field.
        """
        found = {number for piece in text.split(",") for number in self._piece(piece)}
        return None if found >= {*range(self.lowest, self.highest + 1)} else frozenset(found)

    def values_from_end(self, text: str) -> frozenset[int]:
        """Read numbers that count back from an end, as negatives: its steps go towards that end.

        Raises WaremindError `invalid_input` that names the field.
        """
        pieces = text.split(",")
        return frozenset(-number for piece in pieces for number in self._piece_from_end(piece))

    def refused(self, text: str, reason: str, hint: str) -> WaremindError:
        """Return the error for a field that cannot be used."""
        message = f"cannot use {self.flag}: the {self.name} {shown(text)} {reason}"
        return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)

    def _piece(self, piece: str) -> range:
        first, last, step = self._parts(piece)
        if step and last is None:
            last = self.highest
        return range(first, (first if last is None else last) + 1, step or 1)

    def _piece_from_end(self, piece: str) -> range:
        first, last, step = self._parts(piece)
        if step and last is None:
            first, last = self.lowest, first
        return range(first if last is None else last, first - 1, -(step or 1))

    def _parts(self, piece: str) -> tuple[int, int | None, int | None]:
        """Take a piece apart into its first, its last and its step."""
        found = _PIECE.fullmatch(piece)
        if found is None or (found["first"] == "*" and found["last"]):
            raise self.refused(piece, "is not understood", self._takes)
        step = int(found["step"]) if found["step"] else None
        if found["first"] == "*":
            return self.lowest, self.highest, step
        first = self._number(found["first"])
        last = self._number(found["last"]) if found["last"] else None
        if last is not None and last < first:
            hint = "write the lower end first, or two ranges with a comma between them"
            raise self.refused(piece, "goes backwards", hint)
        return first, last, step

    def _number(self, text: str) -> int:
        if (named := self.names.get(text.lower())) is not None:
            return named
        if self.only_names or not text.isdecimal():
            raise self.refused(text, "is not understood", self._takes)
        if not self.lowest <= int(text) <= self.highest:
            raise self.refused(text, "is out of range", self._takes)
        return int(text)

    @property
    def _takes(self) -> str:
        numbers = () if self.only_names else (f"{self.lowest} to {self.highest}",)
        return f"the {self.name} takes {', '.join((*numbers, *self.names))}"
