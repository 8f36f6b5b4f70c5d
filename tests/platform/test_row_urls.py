"""A URL of a row is that of `reverse`, whatever the id and the prefix of the site."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, reverse, set_script_prefix

from config.lib import row_urls


@pytest.mark.parametrize("prefix", ["/", "/site0/"])
@pytest.mark.parametrize("name", ["petitions:case", "petitions:accept"])
def test_url_is_that_of_reverse(name: str, prefix: str) -> None:
    set_script_prefix(prefix)
    try:
        for pk in (0, 7, 100, 2026001234):
            assert row_urls.url(name, pk) == reverse(name, args=[pk])
    finally:
        set_script_prefix("/")


def test_unknown_name() -> None:
    with pytest.raises(NoReverseMatch):
        row_urls.url("petitions:nothing", 1)
