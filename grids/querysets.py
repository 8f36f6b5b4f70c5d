"""Every question put to the tables of territory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from config.lib.dated import DatedQuerySet

if TYPE_CHECKING:
    from grids.models import Area


class AreaQuerySet(DatedQuerySet["Area"]):
    """Questions about places."""

    def below(self, area: Area) -> Self:
        """Keep `area` itself and every place under it."""
        return self.filter(path__startswith=area.path)
