"""Base classes of the API views of cases: permission, scope, versions and cache headers."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
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
from members.rights import scopes
from petitions.api.throttling import WriteThrottle
from petitions.models import Petition, PetitionQuerySet
from petitions.web.access import get_case

Row = TypeVar("Row", bound=Model)
PAGING = frozenset({"cursor", "limit"})
DEFERRED_COLUMNS = ("search", "route")


class HoldsCasePost(BasePermission):
    """Allow users with a post that handles cases; the administrator roles see no case content."""

    def has_permission(self, request: Request, _view: APIView) -> bool:
        """Tell whether the caller holds such a post today."""
        return isinstance(request.user, User) and scopes.has_case_post(request.user)


class VersionMissing(DomainError):
    """The verb checks the version, and the request has no `If-Match` header (428)."""

    status = 428
    code = "precondition_required"


class VersionChanged(DomainError):
    """The case is not at the version of the `If-Match` header (412)."""

    status = 412
    code = "stale"


class CaseView(GenericAPIView[Row]):
    """Base of all views of cases: permission, scope of the caller, and cache headers."""

    permission_classes = [IsAuthenticated, HoldsCasePost]
    throttle_classes = [WriteThrottle]

    @property
    def caller(self) -> User:
        """The user who sent the request."""
        return cast("User", self.request.user)

    def cases(self) -> PetitionQuerySet:
        """Return the cases that are visible to the caller."""
        return Petition.objects.visible_to(self.caller).defer(*DEFERRED_COLUMNS)

    def find(self, pk: int) -> Petition:
        """Return one case with what the response names; raise 404 if it is not visible."""
        return get_case(self.caller, pk, Petition.objects.with_parts().defer(*DEFERRED_COLUMNS))

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Forbid shared caches, and make private caches ask again before they reuse a response."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if not final.has_header("Cache-Control"):
            patch_cache_control(final, private=True, no_cache=True)
        patch_vary_headers(final, ["Authorization", "Accept-Language"])
        return final


class CaseListView(CaseView[Row]):
    """A list that refuses unknown query parameters: a misspelt filter must not return all rows."""

    filterset_class: Any = None

    def filter_queryset(self, queryset: QuerySet[Row, Any]) -> Any:
        """Filter the rows by the query parameters; raise a `ValidationError` for unknown ones."""
        known = PAGING | set(self.filterset_class.get_filters())
        unknown = sorted(set(self.request.query_params) - known)
        if unknown:
            raise ValidationError({name: [_("没有这个参数。")] for name in unknown})
        return super().filter_queryset(queryset)


def etag(petition: Petition) -> str:
    """Return the entity tag of a case's version, for `ETag` and `If-Match`."""
    return f'"v{petition.version}"'


def if_none_match(request: Request, petition: Petition) -> bool:
    """Tell whether the caller has the current version already (`If-None-Match`)."""
    tags = _tags(request.headers.get("If-None-Match", ""))
    return "*" in tags or etag(petition) in tags


def if_match(request: Request, petition: Petition, *, is_needed: bool) -> int | None:
    """Return the version in the `If-Match` header, None if there is none and it is not needed.

    Raises `VersionMissing` without a needed version and `VersionChanged` for another version. A
    weak tag, as a compressing proxy sends it, counts as the strong one; `*` counts as no version.
    """
    tags = _tags(request.headers.get("If-Match", ""))
    if not tags or "*" in tags:
        if is_needed:
            raise VersionMissing("")
        return None
    if etag(petition) not in tags:
        raise VersionChanged("")
    return petition.version


def _tags(header: str) -> set[str]:
    return {tag.removeprefix("W/") for tag in parse_etags(header)}
