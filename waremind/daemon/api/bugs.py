"""What nobody has expected: logged, and told to whoever has asked."""

import logging
from typing import Any

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.core import Request

log = logging.getLogger(__name__)


def bug(request: Request[Any], error: Exception) -> WaremindError:
    """Log what nobody has expected; returns what its caller is told."""
    log.error("a bug", exc_info=error, extra={"fields": {"method": request.method}})
    message = f"cannot answer {request.method}: {type(error).__name__}"
    return WaremindError(ErrorCode.INTERNAL, message)
