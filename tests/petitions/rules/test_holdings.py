"""What a post holds, by its role."""

from __future__ import annotations

import pytest
from django.utils import timezone

from members.models import Post
from petitions.rules import holdings
from tests.support.cast import Stage


@pytest.mark.parametrize(("name", "codes"), [("community", ["cases"]), ("clerk", [])])
def test_only_a_head_post_holds_the_cases_of_its_organisation(
    stage: Stage, name: str, codes: list[str]
) -> None:
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    assert petition.organisation == stage.town.orgs["yingbin"]
    post = Post.objects.get(user=stage.cast[name])
    assert post.organisation == petition.organisation
    held = holdings.of_post(post, timezone.localdate())
    assert [holding.code for holding in held] == codes
