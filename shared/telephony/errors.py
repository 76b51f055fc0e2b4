"""Every error this system raises on purpose.

TelephonyError                        code, http_status, retryable, retry_after, fix, details
├─ RequestError                       the caller can mend it
│   ├─ InvalidRequest                 400
│   ├─ Unauthenticated                401
│   ├─ Forbidden                      403
│   ├─ NotFound                       404
│   ├─ MethodNotAllowed               405
│   ├─ Conflict                       409
│   └─ PayloadTooLarge                413
├─ ConfigurationMissing               400  `missing`: the names of the absent keys
├─ AlreadyProvisioned                 400
├─ SpendingLimitExceeded              403
├─ OperationInProgress                409
├─ TooManyOperations                  429
├─ ProviderError                      500  a carrier said no, or said nothing
│   ├─ ProviderUnavailable            retryable
│   │   └─ UnknownHost                its name doesn't resolve
│   ├─ ProviderRateLimited            retryable, `retry_after`
│   ├─ OutcomeUnknown                 retryable, but only by looking first
│   ├─ InvalidProviderCredentials
│   └─ ProviderRejected               `code` tells why
├─ StorageUnavailable                 503  retryable: nothing was done
├─ IdentityUnavailable                503  retryable: a JSON Web Token can't be checked now
├─ CredentialsUnavailable             500
├─ NotYetReleasable                   a carrier takes a number back only later
├─ OutOfTime                          500  retryable: the function's own time ran out
├─ NotSettled                         500  retryable: the carrier may not list it yet
├─ NotRecorded                        500  retryable: what came of a step could not be written down
└─ PartialFailure                     500  the steps done so far stay done

The transport, the API and the queue worker read the same attributes: `retryable` decides whether the queue tries
again, `code` is what clients branch on, `fix` is one sentence on what the caller can do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class TelephonyError(Exception):
    """Base of all of them. `details` are further keys of the answer's body; never a secret, never a carrier's body."""

    code = "internal_error"
    http_status = 500
    retryable = False
    retry_after: float | None = None
    """Seconds to wait before the next try, where they can be told: the answer's `Retry-After`."""
    fix: str | None = None
    replayed = False
    """Whether it is the answer to an earlier request with the same Idempotency-Key, given again."""

    def __init__(self, message: str, *, code: str | None = None, fix: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.fix = fix or self.fix
        self.details = details

    def record(self) -> dict[str, Any]:
        """What the journal keeps of it, so that the same answer can be given again."""
        return {
            "code": self.code,
            "message": self.message,
            "http_status": self.http_status,
            "retryable": self.retryable,
            "fix": self.fix,
            "details": self.details,
        }

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> TelephonyError:
        """An error that answers as the recorded one did."""
        error = TelephonyError(record["message"], code=record["code"], fix=record["fix"], **record["details"])
        error.http_status, error.retryable = record["http_status"], record["retryable"]
        return error


class RequestError(TelephonyError):
    """The request is at fault; the same request will fail again."""


class InvalidRequest(RequestError):
    """400. `errors` is a list of `{"field", "message"}`."""

    code = "invalid_request"
    http_status = 400

    @classmethod
    def field(cls, name: str, message: str, *, code: str | None = None, fix: str | None = None) -> InvalidRequest:
        return cls(f"{name}: {message}", code=code, fix=fix, errors=[{"field": name, "message": message}])


class Unauthenticated(RequestError):
    """401. The same words for every cause that an attacker could learn from."""

    code = "unauthenticated"
    http_status = 401
    fix = "Send a valid token in the Authorization header."


class Forbidden(RequestError):
    code = "forbidden"
    http_status = 403


class NotFound(RequestError):
    """404, for what does not exist and for what belongs to another agency alike."""

    code = "not_found"
    http_status = 404


class MethodNotAllowed(RequestError):
    """405. `allowed` becomes the `Allow` header."""

    code = "method_not_allowed"
    http_status = 405

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("Method not allowed", fix=f"Use {' or '.join(allowed)}.")
        self.allowed = tuple(allowed)


class Conflict(RequestError):
    code = "conflict"
    http_status = 409


class PayloadTooLarge(RequestError):
    code = "payload_too_large"
    http_status = 413


class ConfigurationMissing(TelephonyError):
    """400. A vendor's keys are not configured; `missing` names each absent one."""

    code = "configuration_missing"
    http_status = 400

    def __init__(self, message: str, missing: Sequence[str], *, fix: str | None = None) -> None:
        super().__init__(message, fix=fix, missing=list(missing))


class AlreadyProvisioned(TelephonyError):
    code = "already_provisioned"
    http_status = 400


class SpendingLimitExceeded(TelephonyError):
    code = "spending_limit_exceeded"
    http_status = 403


class OperationInProgress(TelephonyError):
    """409. Another run holds the lease; it, or the queue after it, finishes the work."""

    code = "operation_in_progress"
    http_status = 409
    retryable = True
    fix = "Wait for the running operation to end, then ask again."


class TooManyOperations(TelephonyError):
    code = "too_many_operations"
    http_status = 429
    retryable = True
    retry_after = 5


class ProviderError(TelephonyError):
    """A carrier's failure. `message` is ours, or the carrier's own, redacted; `status` is None without an answer."""

    code = "provider_error"

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        operation: str,
        status: int | None = None,
        provider_code: str | None = None,
        code: str | None = None,
        fix: str | None = None,
        **details: Any,
    ) -> None:
        named = {"provider": provider} | ({"provider_code": provider_code} if provider_code else {})
        super().__init__(message, code=code, fix=fix, **named, **details)
        self.provider = provider
        self.operation = operation
        self.status = status
        self.provider_code = provider_code


class ProviderUnavailable(ProviderError):
    """No usable answer, and nothing was changed, or the call may be repeated safely."""

    code = "provider_unavailable"
    retryable = True
    fix = "Try again later; the carrier is not answering properly."


class UnknownHost(ProviderUnavailable):
    """There is no such host: of a customer's own, a misspelt name more likely than an outage."""


class ProviderRateLimited(ProviderError):
    """429. `retry_after`: seconds the carrier asks to wait, or None."""

    code = "provider_rate_limited"
    retryable = True
    fix = "Try again later; the carrier limits the rate of requests."

    def __init__(self, message: str, *, retry_after: float | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_after = retry_after


class OutcomeUnknown(ProviderError):
    """The request may have taken effect: only looking at the carrier can tell. Never repeat it blindly."""

    code = "outcome_unknown"
    retryable = True
    fix = "Nothing to do: the outcome is looked up at the carrier and the operation goes on by itself."


class InvalidProviderCredentials(ProviderError):
    code = "invalid_provider_credentials"
    fix = "Check provider credentials."


class ProviderRejected(ProviderError):
    """The carrier understood and refused; `code` says why in our words."""


class StorageUnavailable(TelephonyError):
    """503. The database or queue did not answer and nothing was done."""

    code = "storage_unavailable"
    http_status = 503
    retryable = True
    retry_after = 1
    fix = "Try again; nothing was done."


class IdentityUnavailable(TelephonyError):
    """503. The keys that tokens are signed with could not be read yet: good tokens can't be told from bad ones."""

    code = "identity_unavailable"
    http_status = 503
    retryable = True
    retry_after = 1
    fix = "Try again; nothing was done."


class CredentialsUnavailable(TelephonyError):
    """500. A stored secret could not be opened (key disabled, access denied, altered record)."""

    code = "credentials_unavailable"
    retryable = True
    fix = "Try again; if it persists, the operator must check the encryption key."


class NotYetReleasable(TelephonyError):
    """A carrier takes a number back only later: in `seconds`."""

    code = "not_yet_releasable"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class OutOfTime(TelephonyError):
    """Raised before an effect for which the function has too little time left."""

    code = "out_of_time"
    retryable = True


class NotSettled(TelephonyError):
    """An effect may have happened and not show yet; after `retry_after` seconds the carrier may be believed."""

    code = "outcome_unknown"
    retryable = True
    fix = OutcomeUnknown.fix

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotRecorded(TelephonyError):
    """What becomes of `StorageUnavailable` once an operation is or may be open: something may have been done."""

    code = "outcome_unknown"
    retryable = True
    fix = "Nothing to do: it goes on by itself."


class PartialFailure(TelephonyError):
    """500. A multi-step operation stopped. What was done stays done and is named; `cause` says why it stopped."""

    def __init__(
        self,
        cause: TelephonyError,
        *,
        completed_steps: Sequence[Mapping[str, Any]],
        failed_at: str,
        partial_data: Mapping[str, Any],
        operation_id: str,
        retry_scheduled: bool,
    ) -> None:
        super().__init__(
            cause.message,
            code=cause.code,
            fix=cause.fix,
            **{key: cause.details[key] for key in ("provider", "provider_code", "missing") if key in cause.details},
            completed_steps=list(completed_steps),
            failed_at=failed_at,
            partial_data=dict(partial_data),
            operation_id=operation_id,
            retry_scheduled=retry_scheduled,
        )
        self.cause = cause
        self.retryable = retry_scheduled
        self.retry_after = cause.retry_after

    def plain(self) -> TelephonyError:
        """The reason alone, with the operation's id: for an operation whose one step is the caller's whole wish."""
        self.cause.details |= {name: self.details[name] for name in ("operation_id", "retry_scheduled")}
        return self.cause
