"""Writes to an object store under a condition, of which at most one of several succeeds.

Not every server that says it speaks S3 enforces conditions, and those that do not keep quiet about it. So each place
is tried out once in a process, with an object of its own, before anybody relies on it.
"""

from __future__ import annotations

import contextlib
import secrets

from simple_metrics_manager.events import logger
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.object_client import Client, Refused
from simple_metrics_manager.stores.object_trouble import Trouble, patiently


def put_if(client: Client, key: str, blob: Buffer, tag: str | None) -> bool:
    """Write an object if the one there has this ``tag``, or if there is none; whether that was so.

    A server may have written it and its answer be lost; then it refuses the second attempt because of the first.
    So every object bears the mark of its writer, which tells.

    Raises:
        Trouble: it could not be written, or nobody can tell any more whether it was.
    """
    writer, perhaps = secrets.token_hex(8), False

    def attempt() -> bool:
        nonlocal perhaps
        try:
            client.put_once(key, blob, tag, writer)
        except Refused:
            if not perhaps:
                return False
        except Trouble as error:
            perhaps = perhaps or error.perhaps
            raise
        else:
            return True
        ours = client.writer(key) == writer
        if not ours and tag is not None:
            raise Trouble(
                "an answer was lost, and there is another object by now: this one was perhaps there before it"
            )
        return ours

    return patiently(attempt, client.retries)


def enforced(client: Client) -> bool:
    """Whether the server enforces conditions; one that does not is warned of.

    Raises:
        Trouble: it could not be tried out.
    """
    with client.probing:
        if client.conditional is None:
            client.conditional = _probe(client, f".probe-{secrets.token_hex(8)}")
            if not client.conditional:
                logger.warning("%s ignores conditions on writes: of two writers, neither can know who won", client.url)
        return client.conditional


def _probe(client: Client, key: str) -> bool:
    try:
        if not put_if(client, key, b"1", None) or put_if(client, key, b"2", None):
            return False
        before = client.head(key)
        client.put(key, b"3")
        after = client.head(key)
        if before is None or after is None or put_if(client, key, b"4", before.tag):
            return False
        return put_if(client, key, b"5", after.tag)
    except Trouble as error:
        if error.unknown:
            return False
        raise
    finally:
        with contextlib.suppress(Trouble):
            client.delete(key)
