"""Every question put to the tables of organisations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from config.lib.dated import DatedQuerySet

if TYPE_CHECKING:
    from branches.models import Organisation, Responsibility


class OrganisationQuerySet(DatedQuerySet["Organisation"]):
    """Questions about organisations."""

    def below(self, organisation: Organisation) -> Self:
        """Keep `organisation` itself and every organisation under it."""
        return self.filter(path__startswith=organisation.path)


class ResponsibilityQuerySet(DatedQuerySet["Responsibility"]):
    """Questions about who answers for what."""
