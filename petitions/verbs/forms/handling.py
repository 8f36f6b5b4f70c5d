"""Forms of the verbs that handle a case; the rules themselves are in the workflow."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches import register_rows
from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib.form_fields import LineField
from members.models import Post
from members.posts import directory
from petitions import permissions
from petitions.enums import ACTIVE_TASKS, Outcome
from petitions.refusals import may_tell_resident
from petitions.verbs.forms.base import VerbForm, text_field
from petitions.web.field_validation import MIN_REASON_LETTERS, check_reason, check_words
from petitions.web.photo_fields import PhotoFormMixin
from petitions.workflow.contact import REVEAL_LIMIT

OTHER = "other"
USUAL_CAUSES = (
    _("老旧铁管"),
    _("管道破裂"),
    _("阀门损坏"),
    _("线路老化"),
    _("设备故障"),
    _("堵塞"),
    _("施工影响"),
    _("清运不及时"),
    _("物业服务不到位"),
    _("情况说明有误"),
)
USUAL_REASONS = (
    _("核实情况"),
    _("约定上门时间"),
    _("回访办理结果"),
)
DECLINE_WAYS = (
    ("property", _("请联系小区物业服务企业")),
    ("owners", _("请通过业主委员会或业主大会商议")),
    ("utility", _("请联系供水、供电、供气、供热企业")),
    ("hotline", _("请拨打政务服务便民热线 12345")),
    ("same", _("同一件事正在办理，请用原来的查询码查看")),
)
REDIRECT_WAYS = (
    ("court", _("民事纠纷：向人民法院起诉或申请仲裁")),
    ("labour", _("劳动争议、拖欠工资：向劳动仲裁或劳动监察反映（12333）")),
    ("review", _("对行政行为不服：申请行政复议或提起行政诉讼")),
    ("petition", _("信访事项：向有权处理的机关或信访部门提出")),
    ("discipline", _("违纪违法问题：向纪检监察机关反映（12388）")),
    ("police", _("违法犯罪、治安问题：向公安机关报案（110）")),
    ("legal_aid", _("法律咨询和援助：拨打 12348")),
)


class _ReferralForm(VerbForm):
    """Base of the forms that end a case with a reason and a proper way; the resident reads both."""

    ways: ClassVar[tuple[tuple[str, Any], ...]] = ()

    reason = text_field(_("原因"), _("居民会看到，请写清楚、客气。"))
    way = forms.ChoiceField(label=_("请居民怎么办"))
    other_way = LineField(label=_("其他办法"), max_length=200, required=False)

    def prepare(self) -> None:
        """Offer the usual ways and the choice "other"."""
        other = (OTHER, gettext("其他（在下面写明）"))
        self.set_choices("way", [("", gettext("请选择")), *self.ways, other])

    def clean(self) -> None:
        """Require the text of the other way if "other" was chosen."""
        super().clean()
        if self.cleaned_data.get("way") == OTHER and not self.cleaned_data.get("other_way"):
            self.add_error("other_way", gettext("请写明居民可以怎么办。"))

    def arguments(self) -> dict[str, Any]:
        """Join reason and way to one text."""
        arguments = super().arguments()
        chosen, other = arguments.pop("way"), arguments.pop("other_way")
        way = " ".join(str(part) for part in (dict(self.ways).get(chosen, ""), other) if part)
        arguments["reason"] = f"{arguments['reason'].strip()}\n{way}"
        return arguments


class DeclineForm(_ReferralForm):
    """Why the case is not accepted."""

    ways = DECLINE_WAYS


class RedirectForm(_ReferralForm):
    """The statutory way that the resident has to take."""

    ways = REDIRECT_WAYS


def _person_label(post: Post) -> str:
    """Return the name of the holder of a post, with organisation and role."""
    organisation = post.organisation.short_name if post.organisation else ""
    role = f"{organisation} {post.get_role_display()}".strip()
    return gettext("%(name)s（%(post)s）") % {"name": post.user.name, "post": role}


class DispatchForm(VerbForm):
    """The group or the people, or both, who work on the case."""

    group = forms.ModelChoiceField(
        label=_("党小组"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("不指定党小组"),
    )
    users = forms.MultipleChoiceField(
        label=_("承办人"), required=False, widget=forms.CheckboxSelectMultiple
    )
    instruction = text_field(_("交代"), _("只有工作人员看得到。"), required=False)

    def prepare(self) -> None:
        """Offer the groups (that of the building selected) and the people of the organisation."""
        petition, day = self.petition, self.viewer.scope.day
        owner = petition.organisation_id
        groups = Organisation.objects.on(day).filter(level=OrgLevel.GROUP, parent=owner)
        self.set_queryset("group", groups)
        is_own_group = petition.group is not None and petition.group.parent_id == owner
        self.initial.setdefault("group", petition.group_id if is_own_group else None)
        posts = directory.member_posts_of(owner, day)
        self._people = {str(post.user_id): post for post in posts}
        labels = [(pk, _person_label(p)) for pk, p in self._people.items() if p.organisation]
        self.set_choices("users", labels)

    def clean(self) -> None:
        """Require a group or a person."""
        super().clean()
        if not self.errors and not (self.cleaned_data["group"] or self.cleaned_data["users"]):
            self.add_error("group", gettext("请选择党小组或承办人。"))

    def arguments(self) -> dict[str, Any]:
        """Return users instead of their ids."""
        arguments = super().arguments()
        return arguments | {"users": [self._people[pk].user for pk in arguments["users"]]}


class _AudienceFormMixin(VerbForm):
    """Offers to show something to the resident to those who may."""

    def prepare(self) -> None:
        """Leave the box out, unless it was sent: then the workflow says why it is refused."""
        super().prepare()
        if self.is_bound:
            return
        actor = permissions.may(self.verb, self.petition, self.viewer).actor
        if not may_tell_resident(self.petition, self.viewer, actor):
            del self.fields["is_public"]


class NoteForm(PhotoFormMixin, _AudienceFormMixin):
    """A note for colleagues, or progress that the resident reads, with photos."""

    body = text_field(_("内容"))
    is_public = forms.BooleanField(
        label=_("居民也能看到（作为办理进展）"),
        required=False,
        help_text=_("不勾选时只有工作人员看得到。"),
    )
    field_order = ("version", "body", "photos", "is_public")


class PhotoForm(PhotoFormMixin, _AudienceFormMixin):
    """Photos of the reported problem."""

    is_public = forms.BooleanField(label=_("居民也能看到"), required=False)
    field_order = ("version", "photos", "is_public")

    def clean(self) -> None:
        """Require at least one photo."""
        super().clean()
        if not self.errors and not self.cleaned_data["photos"]:
            self.add_error("photos", gettext("请选择照片。"))


class ResolveForm(PhotoFormMixin, VerbForm):
    """Outcome, cause, and the answer to the resident."""

    outcome = forms.ChoiceField(
        label=_("办理结果"), choices=Outcome.choices, widget=forms.RadioSelect
    )
    cause = LineField(
        label=_("原因"),
        max_length=200,
        help_text=_("查明的原因，例如：老旧铁管。居民会看到。"),
        validators=[check_words],
        widget=forms.TextInput(attrs={"list": "usual-causes", "autocomplete": "off"}),
    )
    public_answer = text_field(_("给居民的答复"), _("做了什么、结果怎样、还要注意什么。"))
    field_order = ("version", "outcome", "cause", "public_answer", "photos")
    datalists = (("usual-causes", USUAL_CAUSES),)

    def prepare(self) -> None:
        """Say which tasks are cancelled by the answer because they are not concluded."""
        doers = {task.doer_id for task in self.petition.case_tasks if task.state in ACTIVE_TASKS}
        if doers:
            names = [row.short_name for row in register_rows.organisations(doers).values()]
            self.fields["outcome"].help_text = gettext(
                "%(names)s的任务还没有办完，办结后一并撤销。"
            ) % {"names": gettext("、").join(names)}


class ConfirmForm(VerbForm):
    """How satisfied the resident was, asked by telephone."""

    rating = forms.TypedChoiceField(
        label=_("居民满意吗"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(str(number), str(number)) for number in range(1, 6)],
    )


class DisputeForm(VerbForm):
    """Why the resident says that the problem is not solved, asked by telephone."""

    is_partly = forms.BooleanField(label=_("解决了一部分"), required=False)
    reason = text_field(_("居民怎么说"), _("居民会看到。"), required=False)
    field_order = ("version", "reason", "is_partly")

    def prepare(self) -> None:
        """Ask for no part of a solution where the answer explains why nothing is done."""
        if self.petition.is_explained:
            del self.fields["is_partly"]


class CloseForm(VerbForm):
    """What the follow-up found."""

    reason = text_field(_("回访情况"), _("只有工作人员看得到。"))


class ReopenForm(VerbForm):
    """Why the case is handled again."""

    reason = text_field(_("原因"), _("居民会看到。"))


class WithdrawForm(VerbForm):
    """What the resident said when asking to withdraw the report."""

    reason = text_field(_("居民怎么说"), _("居民会看到。"))


class RevealForm(VerbForm):
    """Why the contact details are opened; above the daily limit also that a notice is accepted."""

    keeps_draft = False
    has_idempotency_key = False  # the contact is not stored with a key; each opening is recorded

    reason = LineField(
        label=_("为什么要查看"),
        max_length=200,
        validators=[check_reason],
        widget=forms.TextInput(attrs={"list": "usual-reasons", "autocomplete": "off"}),
    )
    accepts_notice = forms.BooleanField(
        label=_("我知道会通知上级，确实要查看"), required=False, widget=forms.HiddenInput
    )
    datalists = (("usual-reasons", USUAL_REASONS),)

    def prepare(self) -> None:
        """Say what a reason needs and from which number on a notice is sent."""
        self.fields["reason"].help_text = gettext(
            "居民会看到这句话，至少 %(letters)d 个字。一天查看超过 %(limit)d 次，会通知您的上级。"
        ) % {"letters": MIN_REASON_LETTERS, "limit": settings.REVEALS_PER_DAY}
        if self.data.get(self.add_prefix("accepts_notice")):
            self._ask_to_accept_notice()

    def after_refusal(self, code: str) -> None:
        """Show the box to tick when the daily limit is reached."""
        if code == REVEAL_LIMIT:
            self._ask_to_accept_notice()

    def _ask_to_accept_notice(self) -> None:
        self.fields["accepts_notice"].widget = forms.CheckboxInput()
