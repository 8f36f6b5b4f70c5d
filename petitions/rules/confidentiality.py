"""What a resident is told about contact details that are kept from the handling organisation."""

from __future__ import annotations

from django.utils.translation import gettext as _

from branches.models import Organisation
from grids.models import Area
from petitions import confidential_contacts
from petitions.models import Petition


def offer(
    handler: Organisation, place: Area, about: Organisation | None, *, is_known: bool = False
) -> str:
    """Say what ticking the box would do, for the organisation that will handle the report.

    `is_known`: the person who types the contact belongs to that organisation.
    """
    keeper = confidential_contacts.authorised_for_report(handler, place, about)
    return _offer(handler, keeper, is_known=is_known)


def offer_of(petition: Petition) -> str:
    """Say what ticking the box does for a submitted case; its earlier handlers count, too."""
    keeper = confidential_contacts.authorised_organisation(petition)
    is_known = confidential_contacts.is_known_to_handler(petition)
    return _offer(petition.organisation, keeper, is_known=is_known)


def _offer(handler: Organisation, keeper: Organisation | None, *, is_known: bool) -> str:
    names = {"handler": handler.name, "keeper": keeper.name if keeper else ""}
    if is_known and keeper is None:
        words = _(
            "勾上以后：%(handler)s有人已经看过您的联系方式，以后它和别的组织都不能再打开，"
            "请用查询码看答复；不勾，承办的组织也能看。"
        )
    elif is_known:
        words = _(
            "勾上以后：%(handler)s有人已经看过您的联系方式，以后不能再打开，"
            "只有%(keeper)s能打开，有事由它转达；不勾，承办的组织也能看。"
        )
    elif keeper is None:
        words = _(
            "勾上以后：%(handler)s和别的组织都打不开您的联系方式，请用查询码看答复；"
            "不勾，承办的组织也能看。"
        )
    else:
        words = _(
            "勾上以后：%(handler)s打不开您的联系方式，只有%(keeper)s能打开，有事由它转达；"
            "不勾，承办的组织也能看。"
        )
    return words % names


def sentence(handler: Organisation, place: Area, about: Organisation | None) -> str:
    """Say who will not open the contact details, and who can: the box of a report is ticked."""
    keeper = confidential_contacts.authorised_for_report(handler, place, about)
    return _sentence(handler, keeper, is_known=False)


def sentence_of(petition: Petition) -> str:
    """Say who cannot open the contact details of a case, and who can."""
    keeper = confidential_contacts.authorised_organisation(petition)
    is_known = confidential_contacts.is_known_to_handler(petition)
    return _sentence(petition.organisation, keeper, is_known=is_known)


def _sentence(handler: Organisation, keeper: Organisation | None, *, is_known: bool) -> str:
    names = {"handler": handler.name, "keeper": keeper.name if keeper else ""}
    if is_known and keeper is None:
        words = _(
            "由%(handler)s办理，它有人已经看过您的联系方式，现在它和别的组织都不能再打开。"
            "请用查询码看答复。"
        )
    elif is_known:
        words = _(
            "由%(handler)s办理，它有人已经看过您的联系方式，现在不能再打开；"
            "只有%(keeper)s能打开，有事由它转达。"
        )
    elif keeper is None:
        words = _("由%(handler)s办理，它打不开您的联系方式，别的组织也打不开。请用查询码看答复。")
    else:
        words = _("由%(handler)s办理，它打不开您的联系方式；只有%(keeper)s能打开，有事由它转达。")
    return words % names
