"""What a check is: its name, what it looks at, and the cure of what it finds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from waremind.daemon.system.tasks import within
from waremind.errors import WaremindError
from waremind.objects import CheckResult, Severity

S = TypeVar("S")

CHECK_SECONDS = 20.0  # a client waits 30


class Trouble(NamedTuple):
    """Something that needs a person; without a `fix` of its own it is the check's."""

    text: str
    severity: Severity = "critical"
    fix: str = ""


# A sentence when all is well.
Finding = str | Sequence[Trouble]


@dataclass(frozen=True, slots=True)
class Check(Generic[S]):
    """`run` looks at its subject; what it raises is trouble too."""

    name: str
    run: Callable[[S], Awaitable[Finding]]
    cure: str

    async def examine(self, subject: S) -> list[CheckResult]:
        """Run it, and write each trouble with its cure."""
        found = await self._found(subject)
        if isinstance(found, str):
            return [CheckResult(check=self.name, status="ok", text=found, fix=None)]
        return [
            CheckResult(
                check=self.name, status=each.severity, text=each.text, fix=each.fix or self.cure
            )
            for each in found
        ]

    async def _found(self, subject: S) -> Finding:
        try:
            return await within(CHECK_SECONDS, self.run(subject))
        except WaremindError as error:
            return [Trouble(error.message, fix=error.hint)]
        except TimeoutError:
            return [Trouble(f"it could not be looked at within {CHECK_SECONDS:g} s")]
        except OSError as error:
            return [Trouble(f"{error.filename or error}: {error.strerror}")]


async def examine(checks: Iterable[Check[S]], subject: S) -> list[CheckResult]:
    """Run checks side by side; their results come in the table's order."""
    results = await asyncio.gather(*(check.examine(subject) for check in checks))
    return [result for some in results for result in some]
