"""What can go wrong: one class for each code of the API's closed set, all under `RookeryError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .models import ErrorCode, Outcome


class RookeryError(Exception):
    """A request that was refused or failed.

    Attributes:
        code: one of the closed set of the API.
        detail: what happened, for people.
        status: the HTTP status; `None` if the error did not come as an HTTP response.
        retryable: the same request, sent again later, can succeed.
        retry_after_s: seconds after which a retry makes sense, if the server said so.
        field: the field of the request at fault, as a path such as `viewport.width`.
        outcome: `not_started`, it had no effect; `unknown`, it may have had; `None`, the error itself says it.
        context: what is needed to act on it: the open dialog, the elements that matched, the check that failed.
        request_id: what the server's log knows the request by.
    """

    code: ClassVar[ErrorCode] = "internal"

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
        field: str | None = None,
        outcome: Outcome | None = None,
        context: Any = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.field = field
        self.outcome = outcome
        self.context = context
        self.request_id = request_id

    def __str__(self) -> str:
        where = f" (field {self.field})" if self.field else ""
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.code}: {self.detail}{where}{request}"


class InvalidArgument(RookeryError):
    """The request is wrong: `field` names what."""

    code = "invalid_argument"


class Unauthenticated(RookeryError):
    """No token, or an unknown one."""

    code = "unauthenticated"


class Forbidden(RookeryError):
    """A URL scheme, a host or an origin that is not allowed, or something of another tenant."""

    code = "forbidden"


class NotFound(RookeryError):
    """There is no such session, tab, file or worker."""

    code = "not_found"


class Conflict(RookeryError):
    """Another holder, an open dialog, or a key in use."""

    code = "conflict"


class Gone(RookeryError):
    """The session has ended: `end_reason` says why."""

    code = "gone"

    @property
    def end_reason(self) -> str | None:
        reason = self.context.get("end_reason") if isinstance(self.context, dict) else None
        return reason if isinstance(reason, str) else None


class PayloadTooLarge(RookeryError):
    """What was sent, or what would have to be answered, is over a limit."""

    code = "payload_too_large"


class ResourceExhausted(RookeryError):
    """A limit is reached, or no slot is free. `retry_after_s` says when to try again."""

    code = "resource_exhausted"


class BrowserError(RookeryError):
    """The page or the browser did not go along: a script threw, a page could not be had."""

    code = "browser_error"


class Timeout(RookeryError):
    """Not done in time; `detail` says what it waited for."""

    code = "timeout"


class Unavailable(RookeryError):
    """The bus, a worker or a region is not there."""

    code = "unavailable"


class ConnectionFailed(Unavailable):
    """The server could not be reached, or the connection broke: `outcome` says if the request may have arrived."""


class Cancelled(RookeryError):
    """The request was cancelled while it was queued."""

    code = "cancelled"


class Internal(RookeryError):
    """A fault of the server: its log says more under `request_id`."""

    code = "internal"


BY_CODE: Mapping[str, type[RookeryError]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        Gone,
        PayloadTooLarge,
        ResourceExhausted,
        BrowserError,
        Timeout,
        Unavailable,
        Cancelled,
        Internal,
    )
}
"""The class of each error code."""


def from_problem(problem: Mapping[str, Any], *, status: int | None = None) -> RookeryError:
    """The error that a problem document (RFC 9457), or the `error` of a WebSocket message, stands for."""
    kind = BY_CODE.get(problem.get("code", ""), Internal)
    return kind(
        str(problem.get("detail") or problem.get("title") or "no detail given"),
        status=status if status is not None else problem.get("status"),
        retryable=bool(problem.get("retryable", False)),
        retry_after_s=problem.get("retry_after_s"),
        field=problem.get("field"),
        outcome=problem.get("outcome"),
        context=problem.get("context"),
        request_id=problem.get("request_id"),
    )
