"""What an object store's client says when a request failed, in a few words.

The client's own texts are a page long and repeat URLs, which may be signed: they are read here, and not passed on.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_STATUS = re.compile(r"status code: (\d{3})([^:\n]*)")
_CODE = re.compile(r"<Code>([^<]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,200})</Message>")
_SYSTEM = re.compile(r'(?:message|error): "((?:[^"\\]|\\.)*)"')
_RETRIES = re.compile(r"after (\d+) retries")
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist")
_NO_CREDENTIALS = re.compile(
    r"latest/api/token|169\.254\.|metadata\.google|missing credentials|Account must be specified"
)
_CONFLICT = re.compile(r"ConditionalRequestConflict|OperationAborted")
_NOT_CONDITIONAL = re.compile(r"status code: 501|NotImplemented|Operation not supported")


class Trouble(Exception):
    """A request was not answered as it should be.

    ``cause`` is a part of a sentence. ``perhaps`` says that the request may have been carried out all the same,
    ``again`` that it was made once and might succeed the next time, ``unknown`` that the server does not understand
    it, ``bucket`` that there is no bucket.
    """

    def __init__(
        self, cause: str, *, perhaps: bool = False, again: bool = False, unknown: bool = False, bucket: bool = False
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.perhaps = perhaps
        self.again = again
        self.unknown = unknown
        self.bucket = bucket


def trouble(error: Exception) -> Trouble:
    """What obstore's error means."""
    text = str(error)
    found = _STATUS.search(text)
    status = int(found[1]) if found else 0
    denied = type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"} or status in {401, 403}
    if _NO_BUCKET.search(text):
        return Trouble("there is no such bucket or container: create it, or mend the URL", bucket=True)
    if not denied and _NOT_CONDITIONAL.search(text):
        return Trouble("the server does not understand this request", unknown=True)
    if _NO_CREDENTIALS.search(text):
        return Trouble(
            f"no credentials were found: {_REMEDY}, or say options={{'skip_signature': 'true'}} if it is public"
        )
    if denied:
        return Trouble(f"access is denied{_detail(text)}: {_REMEDY}, and let them read, write, list and delete there")
    if "builder error" in text:
        return Trouble("the URL of its server is wrong, or begins with http:// and nobody said allow_http")
    if status:
        said = f"the server answered {status}{found[2].rstrip() if found else ''}{_detail(text)}"
        lasting = 400 <= status < 500 and status not in {408, 409, 429}
        again = (not lasting or bool(_CONFLICT.search(text))) and not _tries(text)
        return Trouble(said + _tries(text), perhaps=status >= 500, again=again)
    return _unanswered(text)


def patiently(attempt: Callable[[], T], retries: int) -> T:
    """The result of an attempt that is repeated after pauses which double and vary, while that may help."""
    for number in range(retries):
        try:
            return attempt()
        except Trouble as error:
            if not error.again:
                raise
        time.sleep(min(5.0, 0.1 * 2**number) * (0.5 + secrets.randbelow(1000) / 1000))
    return attempt()


def _unanswered(text: str) -> Trouble:
    system, tries = _SYSTEM.search(text), _tries(text)
    if "kind: Connect," in text:
        return Trouble(f"no connection{': ' + system[1] if system else ''}{tries}", again=not tries)
    if "TimedOut" in text or "kind: Timeout" in text:
        return Trouble(f"no answer in time{tries}", perhaps=True, again=not tries)
    if "HTTP error" in text:
        said = f"the connection broke{': ' + system[1] if system else ''}"
        return Trouble(said + tries, perhaps=True, again=not tries)
    return Trouble(re.sub(r"\?\S+", "", text.partition("\n")[0])[:300], perhaps=True)


def _detail(text: str) -> str:
    said = [found[1] for found in (_CODE.search(text), _MESSAGE.search(text)) if found]
    return f" ({': '.join(said)})" if said else ""


def _tries(text: str) -> str:
    found = _RETRIES.search(text)
    return f", also when asked {found[1]} more times" if found and found[1] != "0" else ""


_REMEDY = "set them in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for S3) or pass credentials="
