"""What an object store has to be told: where it is, how to speak to it, and who is asking.

URL and options are plain: they are printed, pickled and written to configurations. Credentials are none of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import attrs

S3_SCHEMES = frozenset({"s3", "s3a"})
_SCHEMES = S3_SCHEMES | {"gs", "az", "azure", "adl", "abfs", "abfss", "https", "memory"}
_SECRET = re.compile(r"secret|password|sas|token|(access|account|master|customer|encryption|service_account)_key")
_NO_SECRET = re.compile(r"_(file|uri|url)$")
_OF_THE_CLIENT = re.compile(
    r"allow_(http|invalid_certificates)|(|connect_|read_)timeout|default_content_type|http[12]_\w+|pool_\w+|proxy_\w+"
    r"|randomize_addresses|root_certificate|user_agent"
)

Provider: TypeAlias = Callable[[], object]
"""What gives credentials whenever they are needed: one of ``obstore.auth``, or any function like them."""


@attrs.define(init=False, eq=False, repr=False)
class Credentials:
    """Who is asking, known to this process alone.

    They are no part of what a storage is: all credentials are equal, none is printed, and what is pickled is
    their absence; a configuration that holds any is refused. Without them, those of the environment are used, such as
    ``AWS_ACCESS_KEY_ID``.
    """

    given: Mapping[str, str] = attrs.field(init=False)
    provider: Provider | None = attrs.field(init=False)

    def __init__(self, given: Mapping[str, str] | Provider | Credentials | None = None) -> None:
        if isinstance(given, Credentials):
            self.given = given.given
            self.provider = given.provider
        else:
            self.given = {} if given is None or callable(given) else dict(given)
            self.provider = given if callable(given) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials)

    def __hash__(self) -> int:
        return hash(Credentials)

    def __repr__(self) -> str:
        return "Credentials(...)" if self.given or self.provider else "Credentials()"

    def __reduce__(self) -> tuple[type[Credentials], tuple[()]]:
        return (Credentials, ())

    def key(self) -> tuple[object, ...]:
        """What tells these from others within the process."""
        return (*sorted(self.given.items()), self.provider and id(self.provider))


def plain_url(url: str) -> str:
    """The URL without the slash at its end.

    Raises:
        ValueError: it names no object store, or holds credentials.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        known = "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, or memory:///name for tests"
        hint = "; for a directory use NpzStorageInterface" if parts.scheme in {"", "file"} else ""
        raise ValueError(f"{url!r} is no URL of an object store: it begins as in {known}{hint}")
    if parts.query or parts.fragment or parts.password or (parts.username and not parts.scheme.startswith("abfs")):
        shown = f"{parts.scheme}://.../{parts.path.lstrip('/')}"
        raise ValueError(f"{shown} holds more than a place: give credentials in the environment or as credentials=")
    if not parts.netloc and parts.scheme != "memory":
        raise ValueError(f"{url!r} names no bucket: write it as in s3://bucket/prefix")
    return url.rstrip("/") if parts.path.strip("/") or parts.netloc else url


def plain_options(options: Mapping[str, str]) -> dict[str, str]:
    """The options, of which none is a secret.

    Raises:
        ValueError: one is.
    """
    for name, value in options.items():
        if _SECRET.search(name.lower()) and not _NO_SECRET.search(name.lower()):
            remedy = "set it in the environment of each process, or pass it in credentials=, which stays in this one"
            raise ValueError(f"option {name!r} is a secret, and options are printed and stored: {remedy}")
        if "://" in value and urlsplit(value).password:
            raise ValueError(f"option {name!r} holds a password, and options are printed and stored")
    return dict(options)


def split_options(url: str, options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What obstore calls ``config`` and ``client_options``, with defaults that fit every provider."""
    client = {"timeout": "120s"} | {name: value for name, value in options.items() if _OF_THE_CLIENT.fullmatch(name)}
    config = {name: value for name, value in options.items() if not _OF_THE_CLIENT.fullmatch(name)}
    if any(value.startswith("http://") for value in config.values()):
        client.setdefault("allow_http", "true")
    if urlsplit(url).scheme in S3_SCHEMES:
        config.setdefault("disable_bulk_delete", "true")  # not every server has it, and entries go one by one
    return config, client
