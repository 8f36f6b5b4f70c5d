"""Who comes in by the door for programs, and what every answer there carries."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.domain_errors import DomainError
from members.models import User
from petitions.api.throttling import WriteThrottle
from petitions.models import Petition, PetitionQuerySet
from petitions.permissions import has_case_post

Row = TypeVar("Row", bound=Model)
PAGING = frozenset({"cursor", "limit"})


class HoldsCasePost(BasePermission):
    """Lets in whoever holds a post that handles cases; the administrative hats see no content."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - as called
        """Tell whether the caller holds such a post today."""
        return isinstance(request.user, User) and has_case_post(request.user)


class VersionMissing(DomainError):
    """The act decides something and the caller did not say which version it saw (428)."""

    status = 428
    code = "precondition_required"


class VersionChanged(DomainError):
    """The case is not, or no longer, at the version the caller saw (412)."""

    status = 412
    code = "stale"


class CaseView(GenericAPIView[Row]):
    """What all views of cases share: who may come, which cases exist, and how answers are kept."""

    permission_classes = [IsAuthenticated, HoldsCasePost]
    throttle_classes = [WriteThrottle]

    @property
    def caller(self) -> User:
        """Whoever asks."""
        return cast("User", self.request.user)

    def cases(self) -> PetitionQuerySet:
        """Return the cases that exist for the caller."""
        return Petition.objects.visible_to(self.caller).defer("search", "route")

    def find(self, pk: int) -> Petition:
        """Return one case with what its answer names; out of scope is the same as not there."""
        return get_object_or_404(self.cases().with_parts().select_related("contact"), pk=pk)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Let nobody else keep the answer, and nobody use it again without asking."""
        done = super().finalize_response(request, response, *args, **kwargs)
        if not done.has_header("Cache-Control"):
            patch_cache_control(done, private=True, no_cache=True)
        patch_vary_headers(done, ["Authorization", "Accept-Language"])
        return done


class CaseListView(CaseView[Row]):
    """A list that refuses questions it does not know: a misspelt filter must not show all."""

    filterset_class: Any = None

    def filter_queryset(self, queryset: QuerySet[Row, Any]) -> Any:
        """Narrow the rows by the parameters of the address."""
        known = PAGING | set(self.filterset_class.get_filters())
        unknown = sorted(set(self.request.query_params) - known)
        if unknown:
            raise ValidationError({name: [_("没有这个参数。")] for name in unknown})
        return super().filter_queryset(queryset)


def etag(petition: Petition) -> str:
    """Return the name of a case's version, as it stands in `ETag` and comes back in `If-Match`."""
    return f'"v{petition.version}"'


def if_none_match(request: Request, petition: Petition) -> bool:
    """Tell whether the caller has this version already."""
    names = _names(request.headers.get("If-None-Match", ""))
    return "*" in names or etag(petition) in names


def if_match(request: Request, petition: Petition, *, is_needed: bool) -> int | None:
    """Return the version the caller acts on, or refuse: unnamed where needed, or another one.

    A proxy that compresses turns the name into a weak one; it means the same here. `*` names none.
    """
    names = _names(request.headers.get("If-Match", ""))
    if not names or "*" in names:
        if is_needed:
            raise VersionMissing("")
        return None
    if etag(petition) not in names:
        raise VersionChanged("")
    return petition.version


def _names(header: str) -> set[str]:
    return {name.removeprefix("W/") for name in parse_etags(header)}
