"""What an object store says of an object, and the tag by which one version of it is told from another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, cast


class Meta(NamedTuple):
    """An object without its contents; its ``tag`` is another one whenever these are."""

    key: str
    size: int
    written: datetime
    tag: str


def meta_of(found: Mapping[str, object]) -> Meta:
    """What obstore found. The tag is the ETag, with the version behind it where there are versions."""
    tag, version = str(found["e_tag"] or ""), found["version"]
    written, size = cast("datetime", found["last_modified"]), cast("int", found["size"])
    return Meta(str(found["path"]), size, written, tag if version is None else f"{tag}\n{version}")


def e_tag_of(tag: str) -> str:
    """The ETag alone, by which reading is bound to one version."""
    return tag.partition("\n")[0]


def mode_of(tag: str | None) -> str | dict[str, str]:
    """How obstore writes an object if the one there has this tag, or if there is none.

    S3 and Azure compare ETags, Google versions. obstore refuses a None among them, which its types allow.
    """
    if tag is None:
        return "create"
    e_tag, _, version = tag.partition("\n")
    return {"e_tag": e_tag, "version": version} if version else {"e_tag": e_tag}
