"""What a resident is told about contact details that are kept from the handling organisation."""

from __future__ import annotations

from django.utils.translation import gettext as _

from branches.models import Organisation
from grids.models import Area
from petitions import confidential_contacts
from petitions.models import Petition


def offer(handler: Organisation, place: Area, about: Organisation | None) -> str:
    """Say what ticking the box would do, for the organisation that will handle the report."""
    return _offer(handler, confidential_contacts.authorised_for_report(handler, place, about))


def offer_of(petition: Petition) -> str:
    """Say what ticking the box does for a case, whoever handled it before."""
    return _offer(petition.organisation, confidential_contacts.authorised_organisation(petition))


def _offer(handler: Organisation, keeper: Organisation | None) -> str:
    if keeper is None:
        words = _(
            "勾上以后：%(handler)s和别的组织都打不开您的联系方式，请用查询码看答复；"
            "不勾，承办的组织也能看。"
        )
        return words % {"handler": handler.name}
    words = _(
        "勾上以后：%(handler)s打不开您的联系方式，只有%(keeper)s能打开，有事由它转达；"
        "不勾，承办的组织也能看。"
    )
    return words % {"handler": handler.name, "keeper": keeper.name}


def sentence(handler: Organisation, place: Area, about: Organisation | None) -> str:
    """Say who will not open the contact details, and who can: the box of a report is ticked."""
    return _sentence(handler, confidential_contacts.authorised_for_report(handler, place, about))


def sentence_of(petition: Petition) -> str:
    """Say who cannot open the contact details of a case, and who can."""
    return _sentence(petition.organisation, confidential_contacts.authorised_organisation(petition))


def _sentence(handler: Organisation, keeper: Organisation | None) -> str:
    names = {"handler": handler.name, "keeper": keeper.name if keeper else ""}
    if keeper is None:
        words = _("由%(handler)s办理，它打不开您的联系方式，别的组织也打不开。请用查询码看答复。")
    else:
        words = _("由%(handler)s办理，它打不开您的联系方式；只有%(keeper)s能打开，有事由它转达。")
    return words % names
