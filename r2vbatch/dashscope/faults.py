"""What a refusal means: whose it is, how far it reaches, what to do; and what became of a POST.

Two pure tables, each tested row by row. Codes and HTTP statuses decide, never message texts:
those are not stable (dossier 6.1). The exceptions::

    ServiceError        the service refused, failed, or could not be reached
    ├── Unreachable     no whole answer: name, connection, TLS, time-out, broken off
    │   └── NoSuchHost  a result's link names a host that was not found
    ├── LinkRefused     a result's link is dead, or leads where we do not follow
    └── SubmitFailed    a POST that did not end in a task id
        ├── Refused     nothing was created; carries the service's code
        ├── NotSent     no byte of the request was written; may be sent again
        └── Unsure      a task may exist: in doubt

This room refuses to know how often anything is tried again: that is pacing's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from r2vbatch.errors import R2VBatchError
from r2vbatch.pacing import Throttle


class Reach(StrEnum):
    """How far a fault reaches."""

    BATCH = "batch"
    """It will hit every take: stop submitting."""
    THROTTLE = "throttle"
    """Too much at once: slow down and ask again."""
    TAKE = "take"
    """This take alone, and again if it is sent unchanged."""
    PASSING = "passing"
    """It may be gone the next time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a code means, for the program and for a person."""

    reach: Reach
    sentence: str
    advice: str
    throttle: Throttle | None = None
    """Set when `reach` is THROTTLE."""


class ServiceError(R2VBatchError):
    """The service refused or failed. `message` is its own words, cut and without the key; `hint`
    says what to do."""

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        verdict: Verdict | None = None,
    ) -> None:
        self.verdict = verdict or classify(http_status, code)
        super().__init__(message or self.verdict.sentence, hint=self.verdict.advice)
        self.http_status = http_status
        """None when there was no answer."""
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds the service asked to wait; None when it did not."""

    def __str__(self) -> str:
        named = f"{self.code}: {self.message}" if self.code else self.message
        facts = [f"HTTP {self.http_status}"] if self.http_status else []
        facts += [f"request {self.request_id}"] if self.request_id else []
        return f"{named} ({', '.join(facts)})" if facts else named


class Unreachable(ServiceError):
    """No whole answer came back."""


class NoSuchHost(Unreachable):
    """A result's link names a host that was not found: our network's fault for now, or it has
    moved, and its task knows where to."""


class LinkRefused(ServiceError):
    """A result's link is dead, or leads where we do not follow: ask its task for a new one."""


class SubmitFailed(ServiceError):
    """A POST that did not end in a task id; the subclass says what may exist now."""


class Refused(SubmitFailed):
    """The service said no: nothing was created, nothing is billed."""


class NotSent(SubmitFailed):
    """Not a byte of the request was written; it may be sent again by itself."""


class Unsure(SubmitFailed):
    """A task may have been created: the take is in doubt and must be reconciled."""


class Fate(StrEnum):
    """What a POST may have left behind."""

    CREATED = "created"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    UNSURE = "unsure"


def fate(*, connected: bool, status: int | None, code: str, task_id: str) -> Fate:
    """What became of a submit (design 6.2, to the letter).

    `connected`: the connection stood (name, TCP, proxy and TLS), so bytes may have been written.
    `status`: of the answer, if a whole one came; `code` and `task_id`: from its JSON, or empty.
    """
    if not connected:
        return Fate.NOT_SENT
    if status is None:
        return Fate.UNSURE
    if 200 <= status < 300 and task_id:
        return Fate.CREATED
    if 400 <= status < 500 and status != 408 and code:
        return Fate.REFUSED
    return Fate.UNSURE


def classify(http_status: int | None, code: str) -> Verdict:
    """What a refused call (`http_status` and `code`) or a failed task (None, its `code`) means.

    The longest code prefix at a dot decides, then the HTTP status. No code and no status is a
    connection that failed; for tasks, see `classify_task`.
    """
    words = _plain(code)
    while words:
        if verdict := _CODES.get(words):
            return verdict
        words = words.rpartition(".")[0]
    if _plain(code).endswith("billoverdue"):
        return _ARREARS
    if http_status is None:
        return _TAKE_UNKNOWN if code else _UNREACHED
    return _by_status(http_status)


def classify_task(code: str) -> Verdict:
    """What a FAILED task's `code` means; the service may give none."""
    return classify(None, code) if code.strip() else _UNEXPLAINED


def _plain(code: str) -> str:
    """`code` without case, blanks, and the wrapping ``<400> …: text`` of algorithm errors."""
    bare = code.strip()
    if bare.startswith("<"):
        bare = bare.partition(">")[2]
    return bare.partition(":")[0].replace(" ", "").replace("_", "").lower()


def _by_status(status: int) -> Verdict:
    if status in _STATUSES:
        return _STATUSES[status]
    if 400 <= status < 500:
        return _TAKE_UNKNOWN
    return _SERVER if status >= 500 else _ODD


def _batch(sentence: str, advice: str) -> Verdict:
    return Verdict(Reach.BATCH, sentence, advice)


def _take(sentence: str, advice: str) -> Verdict:
    return Verdict(Reach.TAKE, sentence, advice)


def _passing(sentence: str, advice: str = "It is tried again by itself.") -> Verdict:
    return Verdict(Reach.PASSING, sentence, advice)


def _throttle(kind: Throttle, sentence: str) -> Verdict:
    return Verdict(Reach.THROTTLE, sentence, "The batch slows down and asks again.", kind)


_UNREACHED = _passing("The service could not be reached.", "Look at the network, proxy and URL.")
_ODD = _passing("The service answered with something that is not its own format.")
_SERVER = _passing("The service has a problem of its own.")
_TAKE_UNKNOWN = _take(
    "The service refused this take.", "Look at the code and message beside this take."
)
_UNEXPLAINED = _take(
    "The service failed this take without saying why.",
    "It was not billed; the next run asks again. If it fails again, change its prompt.",
)

_KEY = _batch(
    "The service does not accept the API key.",
    "A key belongs to one region: check that it is one of this endpoint's, and still valid.",
)
_DENIED = _batch(
    "The service denies access.",
    "Open the model, and the workspace's right to it, in the console; or use another key.",
)
_UNOPENED = _batch(
    "The model is not opened for this account, or this key may not use it.",
    "Open it in the service's console, or use the key of an account that has.",
)
_WORKSPACE = _batch(
    "This workspace may not be used with this key.",
    "Check `workspace:` and the workspace's permissions in the console.",
)
_ARREARS = _batch("The account is in arrears.", "Settle the bill in the console, then run again.")
_FREE = _batch(
    "The free quota is used up, and the account is set to use nothing else.",
    "Switch off 'free tier only' in the console, then run again.",
)
_MODEL = _batch(
    "The endpoint does not have this model.", "Check `model:`, and which regions have it."
)
_PARAMETER = _take(
    "The service does not accept this request.", "Change the shot as the message says."
)
_CONTENT = _take(
    "The service's content check refused this take.",
    "Change the prompt or the references; it was not billed.",
)
_REFERENCE = _take(
    "The service cannot use a reference of this take.",
    "Check the file's format, length and size, or that its URL is public.",
)
_FETCH = _passing("The service could not fetch a reference in time.")
_STATE = _take("The task is not in a state that allows this.", "Only queued tasks can be canceled.")
_LOST = _passing("The service gave up on this task.", "It was not billed; the next run asks again.")

_RATE = _throttle(Throttle.RATE, "Too many calls in a short time.")
_BURST = _throttle(Throttle.BURST, "The rate of calls rose too quickly.")
_CONCURRENT = _throttle(Throttle.CONCURRENCY, "As many tasks as the account may have at once.")
_ALLOCATION = _throttle(Throttle.ALLOCATION, "The account's quota for the moment is used up.")
_THROTTLED = _throttle(Throttle.PLAIN, "The service is throttling.")


def _codes(*rows: tuple[str, Verdict]) -> dict[str, Verdict]:
    return {_plain(code): verdict for codes, verdict in rows for code in codes.split(", ")}


_CODES = _codes(
    ("InvalidApiKey, InvalidApiKeyId, NOT AUTHORIZED, Unauthorized", _KEY),
    ("AccessDenied, Endpoint.AccessDenied, Forbidden", _DENIED),
    ("AccessDenied.Unpurchased, Model.AccessDenied, CommodityNotPurchased", _UNOPENED),
    ("Workspace, Workspace.AccessDenied, WorkSpaceNotFound", _WORKSPACE),
    ("Arrearage, PrepaidBillOverdue, PostpaidBillOverdue", _ARREARS),
    ("AllocationQuota.FreeTierOnly, FreeTierOnly, Throttling.FreeTierOnly", _FREE),
    ("ModelNotFound, Model.NotFound", _MODEL),
    ("Throttling, Throttled", _THROTTLED),
    ("Throttling.RateQuota, LimitRequests", _RATE),
    ("Throttling.BurstRate", _BURST),
    ("Throttling.Concurrency", _CONCURRENT),
    ("Throttling.AllocationQuota, AllocationQuota", _ALLOCATION),
    ("InvalidParameter, invalid_parameter_error, BadRequest", _PARAMETER),
    ("InternalError.Algo.InvalidParameter", _PARAMETER),
    ("DataInspectionFailed, CustomRoleBlocked, IPInfringementSuspect", _CONTENT),
    ("InternalError.Algo.DataInspectionFailed, InternalError.Algo.DataInspection", _CONTENT),
    ("InvalidParameter.DataInspection, InvalidURL, InvalidFile, InvalidImage", _REFERENCE),
    ("InvalidImageResolution, BadRequest.InputDownloadFailed", _REFERENCE),
    ("BadRequest.UnsupportedFileFormat", _REFERENCE),
    ("InvalidURL.ConnectionRefused, InvalidURL.Timeout", _FETCH),
    ("UnsupportedOperation", _STATE),
    ("InternalError.Timeout, InternalError.Upload, InternalError.FileUpload", _LOST),
    ("InternalError, SystemError, ModelServiceFailed, RewriteFailed", _SERVER),
    ("RequestTimeOut, ModelServingError, ModelUnavailable", _SERVER),
)

_STATUSES = {
    401: _KEY,
    402: _ARREARS,
    403: _DENIED,
    404: _batch("The endpoint does not know this address.", "Check the endpoint's URL."),
    407: _batch("The proxy wants a login.", "Put user and password into HTTPS_PROXY."),
    408: _SERVER,
    429: _THROTTLED,
}

DEAD_LINK = _passing("The link to the clip is refused or dead.", "Its task is asked for a new one.")
UPLOAD_REFUSED = _take(
    "The service does not take this file.",
    "Check its size and format, or put it on a public URL and name that instead.",
)
UPLOADS_LEAD_ASTRAY = _batch(
    "The endpoint says to upload where nothing can be uploaded.",
    "Check the endpoint's URL; references given as public URLs need no upload.",
)
