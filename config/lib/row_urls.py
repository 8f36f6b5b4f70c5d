"""URLs of pages about one row: a list needs one for each row, and looking each up takes time."""

from __future__ import annotations

from functools import cache

from django.urls import get_script_prefix, reverse


def url(name: str, pk: int) -> str:
    """Return the URL of a page whose only argument is the id of a row; raise NoReverseMatch."""
    before, after = _parts(name, get_script_prefix())
    return f"{before}{pk}{after}"


@cache
def _parts(name: str, _script_prefix: str) -> tuple[str, str]:
    """Return what stands before and behind the id."""
    before, _id, after = reverse(name, args=[0]).rpartition("0")
    return before, after
