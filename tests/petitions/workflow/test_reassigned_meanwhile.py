"""A verb that waits while another one gives the case to another organisation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from petitions.models import Petition
from petitions.workflow import handling, rerouting
from petitions.workflow.transitions import StaleVersion
from tests.support.cast import Stage

NOW = timezone.now()


@pytest.mark.django_db(transaction=True)
def test_who_waits_learns_that_the_case_has_changed(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    seen = Petition.objects.get(pk=petition.pk)

    def accept() -> None:
        try:
            handling.accept(
                petition=seen, by=stage.cast["clerk"], now=NOW, expected_version=seen.version
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            rerouting.reassign(
                petition=petition,
                by=stage.cast["community"],
                now=NOW,
                organisation=stage.town.orgs["yingbin"],
                reason="由社区办",
            )
            waiting = pool.submit(accept)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
        with pytest.raises(StaleVersion):
            waiting.result()
