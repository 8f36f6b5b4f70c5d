"""Tracking codes that staff know because they logged the case, so that they prove no resident."""

from __future__ import annotations

from branches import register_rows
from petitions import involvement
from petitions.models import Petition
from petitions.separation_of_duties import took_part
from petitions.workflow.transitions import CaseStore


def is_known_to_workers(petition: Petition, store: CaseStore) -> bool:
    """Tell whether who logged the case worked on it, or filed it for an organisation that did.

    Whatever posts the person holds today: the organisation is that of the event of filing. Two
    queries, none if a resident filed the case.
    """
    filer = involvement.filer(petition)
    if filer is None:
        return False
    workers = list(store.workers(petition))
    if took_part(filer.scope, workers):
        return True
    filing_id = store.filing_organisation_id(petition)
    filing = register_rows.organisations([filing_id] if filing_id else []).get(filing_id or 0)
    handlers = {petition.organisation_id, *(organisation_id for _user, organisation_id in workers)}
    return filing is not None and not handlers.isdisjoint(filing.ancestor_ids)
