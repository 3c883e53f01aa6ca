"""The QR of a pairing in a file that only its owner reads, and that is gone at the end."""

import os
import stat
from pathlib import Path

from waremind.cli import qr
from waremind.cli.display import PATH_ON_PHONE, Display, Form, lines_of
from waremind.cli.output import Output
from waremind.cli.private_file import create, unwritable
from waremind.cli.views import here
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import PairQr


class QrFile(Display):
    """Replaces the file at once with each code: nobody ever reads half of one.

    Raises WaremindError `invalid_input` or `permission_denied` where no file can be made.
    """

    def __init__(self, output: Output, form: Form, path: Path) -> None:
        self._output = output
        self._form: Form = "png" if form == "auto" else form
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}")
        self._ours: list[Path] = []
        self._try_place()

    def _try_place(self) -> None:
        """Find out what is wrong with the place before anything is asked of the daemon."""
        if os.path.lexists(self._path) and not stat.S_ISREG(self._path.lstat().st_mode):
            message = f"cannot write {self._path}: it is not a regular file"
            raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="choose another: -o FILE")
        self._write(b"")
        self._draft.unlink()

    def show(self, code: PairQr) -> None:
        """Put a new code into the file, and say so."""
        self._ours = [self._draft, self._path]
        self._write(self._content(code.code))
        self._draft.replace(self._path)
        until = here(code.expires_at)
        self._output.message(f"scan {quoted(str(self._path))} until {until}: {PATH_ON_PHONE}")

    def _content(self, code: str) -> bytes:
        if self._form == "png":
            return qr.png(qr.bordered(qr.modules_of(code), max(qr.BORDERS)))
        return "".join(f"{line}\n" for line in lines_of(code, self._form, self._output)).encode()

    def _write(self, content: bytes) -> None:
        try:
            with os.fdopen(create(self._draft), "wb") as file:
                file.write(content)
        except OSError as error:
            raise unwritable(self._path, error) from None

    def close(self) -> None:
        """Remove what was written."""
        for path in self._ours:
            path.unlink(missing_ok=True)
