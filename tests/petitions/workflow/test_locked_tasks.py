"""The tasks of a locked case: taken over from what was read before, unless the case changed."""

from __future__ import annotations

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from petitions.models import Petition
from petitions.workflow import case_store
from tests.support import task_steps
from tests.support.cast import Stage


@pytest.fixture
def petition(stage: Stage) -> Petition:
    """A case with a task, which has been read."""
    found = Petition.objects.get(pk=task_steps.ordered(stage).pk)
    assert len(found.case_tasks) == 1
    return found


def test_tasks_read_before_are_copied(
    petition: Petition, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with transaction.atomic():
        locked = case_store.current().lock(petition)
        with django_assert_num_queries(0):
            tasks = locked.case_tasks
    assert tasks == petition.case_tasks
    assert tasks[0] is not petition.case_tasks[0]


def test_tasks_are_read_again_after_a_change(
    petition: Petition, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    petition.version -= 1
    with transaction.atomic():
        locked = case_store.current().lock(petition)
        with django_assert_num_queries(1):
            assert locked.case_tasks == petition.case_tasks


def test_tasks_that_were_not_read_are_read_when_needed(
    petition: Petition, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fresh = Petition.objects.get(pk=petition.pk)
    with transaction.atomic():
        with django_assert_num_queries(1):
            locked = case_store.current().lock(fresh)
        assert locked.case_tasks == petition.case_tasks
