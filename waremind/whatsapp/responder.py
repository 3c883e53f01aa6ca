"""What the parent asks of a child, done with its client."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.allocator import give_back_memory
from waremind.whatsapp.child_protocol import (
    Answer,
    Done,
    Failed,
    FetchGroup,
    FetchGroups,
    LogOut,
    Ping,
    Request,
    Revoke,
    Send,
    UploadMedia,
    encode_result,
    read_request,
)
from waremind.whatsapp.deadline import SeenDeadline
from waremind.whatsapp.event_translator import EventTranslator
from waremind.whatsapp.media_uploads import MediaUploads
from waremind.whatsapp.report_writer import ReportWriter
from waremind.whatsapp.reports import (
    AdminsOnly,
    GroupChanged,
    GroupLeft,
    NotInGroup,
    NotSent,
    Outcome,
    SendRefused,
    Sent,
)
from waremind.whatsapp.sandbox import Sandbox
from waremind.whatsapp.sending import RATE_CODES, outcome_of

if TYPE_CHECKING:
    from waremind.whatsapp.engine import Client

# What the errors of whatsmeow's queries mean; all others are a refusal.
QUERY_ERRORS = (
    ("status 429", ErrorCode.RATE_LIMITED),
    ("websocket not connected", ErrorCode.NOT_CONNECTED),
    ("websocket disconnected", ErrorCode.NOT_CONNECTED),
    ("info query timed out", ErrorCode.TIMED_OUT),
)


class Responder:
    """Answers requests."""

    def __init__(
        self,
        client: "Client",
        translator: EventTranslator,
        writer: ReportWriter,
        sandbox: Sandbox,
        deadline: SeenDeadline,
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._sandbox = sandbox
        self._translator = translator
        self._writer = writer
        self._uploads = MediaUploads(client.upload_media)

    def respond(self, line: bytes) -> None:
        """Answer one request, whatever comes of it."""
        request = read_request(line)
        last: list[Answer] = []
        try:
            for each in self._results(request.request):
                self._writer.write(*last)
                last = [Answer(request.id, encode_result(each))]
        except WaremindError as error:
            self._writer.write(Failed(request.id, error.code, error.message))
        except Exception as error:  # noqa: BLE001 - the library's errors have no common class
            self._writer.write(Failed(request.id, query_error(str(error)), str(error)))
        else:
            self._writer.write(*last, Done(request.id))

    def _results(self, request: Request) -> Iterable[object]:
        match request:
            case Ping():
                self._check_sandbox()
                give_back_memory()
                return ()
            case LogOut(seconds):
                return [self._log_out(seconds)]
            case Send() | Revoke():
                return [self._send(request)]
            case UploadMedia():
                self._online_client()
                return [self._uploads.take(request)]
            case FetchGroups():
                return self._online_client().fetch_groups(self._translator.me)
            case FetchGroup(jid):
                return self._online_client().fetch_group(jid, self._translator.me)

    def _check_sandbox(self) -> None:
        """Leave when the name service's files were replaced, which only a new process can read."""
        if self._translator.is_cut_off and self._sandbox.is_stale:
            self._writer.report(Cause.CONNECT_FAILED, "the name service was set up anew")

    def _online_client(self) -> "Client":
        if not self._translator.online.is_set():  # asked too early, the library would abort
            raise WaremindError(ErrorCode.NOT_CONNECTED, "cannot fetch groups: not connected")
        return self._client

    def _send(self, request: Send | Revoke) -> Outcome:
        if isinstance(request, Revoke):
            group, message_id = request.group, request.message_id
            return self._outcome(group, lambda: self._client.revoke(group, message_id))
        message = request.message
        uploaded = self._uploads.find(message.media) if message.media else None
        if message.media and uploaded is None:
            return NotSent("its file was not uploaded")
        return self._outcome(message.group, lambda: self._client.send_content(message, uploaded))

    def _outcome(self, group: str, send: Callable[[], str]) -> Outcome:
        """Have something sent to a group, and say how that ended; `send` returns its id."""
        if not self._translator.online.is_set():
            return NotSent("not connected")
        self._translator.presence.ensure(self._client.announce)
        if self._deadline.is_over:
            return NotSent("its daemon is cut off from the database")
        try:
            return Sent(send())
        except Exception as error:  # noqa: BLE001 - see above
            return self._explain(group, outcome_of(str(error)))

    def _explain(self, jid: str, outcome: Outcome) -> Outcome:
        """Find out whether it is the group that took no message; no event told it before."""
        if isinstance(outcome, SendRefused) and outcome.code not in RATE_CODES:
            outcome = self._explain_by_group(jid, outcome)
        if isinstance(outcome, NotInGroup):
            self._writer.write(GroupLeft(session=self._writer.session, jid=jid))
        return outcome

    def _explain_by_group(self, jid: str, refused: SendRefused) -> Outcome:
        try:
            group = next(iter(self._client.fetch_group(jid, self._translator.me)), None)
        except Exception:  # noqa: BLE001 - see above
            return refused
        if group is None:
            return NotInGroup(refused.detail)
        self._writer.write(GroupChanged(session=self._writer.session, group=group))
        only_admins = group.announce_only and not group.admin
        return AdminsOnly(refused.detail) if only_admins else refused

    def _log_out(self, seconds: float) -> bool:
        if not self._translator.has_device(self._client):
            # From here on no scan comes about; what came about before has left its keys.
            self._client.disconnect()
            return not self._translator.has_device(self._client)
        if not self._translator.online.wait(seconds):
            return False
        self._client.logout()
        return True


def query_error(text: str) -> ErrorCode:
    """Find what the text of a failed query means."""
    return next((code for part, code in QUERY_ERRORS if part in text), ErrorCode.REFUSED)
