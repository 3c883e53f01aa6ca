"""A device's keys in a file of the operator's: read for an import, written for an export."""

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from waremind.cli.invocation import Invocation
from waremind.cli.private_file import create, unwritable
from waremind.cli.progress import Step, followed
from waremind.client import ANSWER_SECONDS, Client
from waremind.device_store import content, files
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import (
    AccountExport,
    AccountExported,
    AccountImport,
    AccountImported,
)

_MARGIN_SECONDS = 30.0  # beside the time for connecting: the last session may have to end


def image_of(path: Path, device: str | None, *, exclusive: bool) -> bytes:
    """Read of the store of another program what an import needs, as a store of its own.

    Raises WaremindError saying what is wrong with the file.
    """
    path = Path(os.path.realpath(path))
    with files.opened(path) as store:
        _refuse_open_to_all(path)
        content.keep_only(store, content.chosen(store, device), ratchets=exclusive)
        return store.serialize()


def _refuse_open_to_all(path: Path) -> None:
    """Raise WaremindError `permission_denied` for keys that everybody on the machine can read."""
    way = [place.stat().st_mode for place in path.parents]
    if path.stat().st_mode & stat.S_IROTH and all(mode & stat.S_IXOTH for mode in way):
        message = f"cannot use the device store: everybody on this machine can read {path}"
        hint = f"chmod 600 {quoted(str(path))}; or pair anew, if you do not trust all of them"
        raise WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=hint)


def take_over(cli: Invocation, image: bytes, request: AccountImport) -> AccountImported:
    """Hand the store over and ask for the import; a person sees that it is under way."""
    seconds = request.timeout_seconds + _MARGIN_SECONDS
    digest = hashlib.sha256(image).hexdigest()

    def steps() -> Iterator[tuple[Step, AccountImported]]:
        with cli.client() as client:
            client.upload(io.BytesIO(image), digest, len(image))
            yield Step(), client.call(replace(request, store=digest), seconds)

    return followed(cli.output, steps(), f"connecting account {quoted(request.account)}", seconds)


def advice(result: AccountImported) -> Iterator[str]:
    """Say what an operator may have to do now."""
    if (exported := result.exported) and not exported.moved:
        label = quoted(exported.label)
        yield f"it is a copy of account {label} as of {exported.at}: never use that one again"
    yield "never start the other program with these keys again"
    yield f"its groups: waremind group list --account {quoted(result.account.label)}"


def is_move(*, move: bool, copy: bool) -> bool:
    """Read which of the two an export shall be. Raises WaremindError `usage`."""
    if move is copy:
        message = "cannot export: say what becomes of the account here"
        raise WaremindError(
            ErrorCode.USAGE, message, hint="--move: it is unpaired here; --copy: it goes on here"
        )
    return move


def exported(cli: Invocation, request: AccountExport, path: Path) -> AccountExported:
    """Write an account's keys to `path`, and only then let go of them where they move.

    Raises WaremindError where no file can be made, before anything is asked of the daemon.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _try_place(path, draft)
    with cli.client() as client:
        result = client.call(request, ANSWER_SECONDS)
        if result.store is UNSET:
            return result
        _write(path, draft, result.store)
        if request.move:
            result = _let_go(client, replace(request, arrived=result.device), path)
    return replace(result, store=UNSET)


def _let_go(client: Client, request: AccountExport, path: Path) -> AccountExported:
    """Say that the keys have arrived; from then on they are nowhere else."""
    try:
        return client.call(request, ANSWER_SECONDS)
    except WaremindError as error:
        hint = f"the keys are in {quoted(str(path))}, and still here: remove one of them"
        raise WaremindError(error.code, error.message, hint=hint) from None


def _try_place(path: Path, draft: Path) -> None:
    if os.path.lexists(path):
        message = f"cannot write {path}: it is there already"
        raise WaremindError(ErrorCode.ALREADY_EXISTS, message, hint="choose another: -o FILE")
    try:
        os.close(create(draft))
        draft.unlink()
    except OSError as error:
        raise unwritable(path, error) from None


def _write(path: Path, draft: Path, image: bytes) -> None:
    """Write a file in one go, for good, and over no other."""
    try:
        with os.fdopen(create(draft), "wb") as file:
            file.write(image)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(directory)
        os.close(directory)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        draft.unlink(missing_ok=True)
