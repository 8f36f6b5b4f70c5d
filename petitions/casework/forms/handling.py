"""Shapes of what people fill in for the verbs of handling a case; rules stay in the workflow."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches.enums import OrgLevel
from branches.models import Organisation
from members.models import Post
from members.posts import directory
from petitions.casework.forms.base import VerbForm, words
from petitions.enums import Outcome, Verb
from petitions.web.photo_fields import PhotoFormMixin

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


class AcceptForm(VerbForm):
    """Take the case on."""

    verb = Verb.ACCEPT


class StartForm(VerbForm):
    """Begin the work."""

    verb = Verb.START


class _WithWay(VerbForm):
    """A reason and the proper way, both read by the resident."""

    ways: ClassVar[tuple[tuple[str, Any], ...]] = ()

    reason = words(_("原因"), _("居民会看到，请写清楚、客气。"))
    way = forms.ChoiceField(label=_("请居民怎么办"))
    other_way = forms.CharField(label=_("其他办法"), max_length=200, required=False)

    def prepare(self) -> None:
        """Offer the usual ways and room for another one."""
        choices = [("", gettext("请选择")), *self.ways, (OTHER, gettext("其他（在下面写明）"))]
        self.fields["way"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Ask for the other way where none of the usual ones was chosen."""
        super().clean()
        if self.cleaned_data.get("way") == OTHER and not self.cleaned_data.get("other_way"):
            self.add_error("other_way", gettext("请写明居民可以怎么办。"))

    def arguments(self) -> dict[str, Any]:
        """Return one text: the reason, then the way."""
        given = super().arguments()
        chosen, other = given.pop("way"), given.pop("other_way")
        way = " ".join(str(part) for part in (dict(self.ways).get(chosen, ""), other) if part)
        given["reason"] = f"{given['reason'].strip()}\n{way}"
        return given


class DeclineForm(_WithWay):
    """Do not take the case on."""

    verb = Verb.DECLINE
    title = _("不予受理")
    lead = _("这件诉求到此为止。居民会看到原因和可以走的途径。")
    submit = _("不予受理并告知居民")
    is_serious = True
    ways = DECLINE_WAYS


class RedirectForm(_WithWay):
    """Point to a statutory way."""

    verb = Verb.REDIRECT
    title = _("转法定途径")
    lead = _("依法应当走其他途径的，写明原因和去处。居民会看到。")
    submit = _("转出并告知居民")
    is_serious = True
    ways = REDIRECT_WAYS


def _spoken(post: Post) -> str:
    """Name somebody by name, organisation and post."""
    where = post.organisation.short_name if post.organisation else ""
    held = f"{where} {post.get_role_display()}".strip()
    return gettext("%(name)s（%(post)s）") % {"name": post.user.name, "post": held}


class DispatchForm(VerbForm):
    """Hand the case to a group, to people, or to both."""

    verb = Verb.DISPATCH
    title = _("分派")
    lead = _("交给本支部的党小组或人员去办；仍由本组织对居民负责。")
    submit = _("分派")

    group = forms.ModelChoiceField(
        label=_("党小组"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("不指定党小组"),
    )
    users = forms.MultipleChoiceField(
        label=_("承办人"), required=False, widget=forms.CheckboxSelectMultiple
    )
    instruction = words(_("交代"), _("只有工作人员看得到。"), required=False)

    def prepare(self) -> None:
        """Offer the organisation's own groups, the building's first chosen, and its people."""
        petition, day = self.petition, self.viewer.scope.day
        self.fields["group"].queryset = Organisation.objects.on(day).filter(  # type: ignore[attr-defined]
            level=OrgLevel.GROUP, parent=petition.organisation_id
        )
        own = petition.group and petition.group.parent_id == petition.organisation_id
        self.initial.setdefault("group", petition.group_id if own else None)
        posts = directory.member_posts_of(petition.organisation_id, day)
        self._people = {str(post.user_id): post for post in posts}
        self.fields["users"].choices = [  # type: ignore[attr-defined]
            (pk, _spoken(post)) for pk, post in self._people.items() if post.organisation
        ]

    def clean(self) -> None:
        """Somebody must be named."""
        super().clean()
        if not self.errors and not (self.cleaned_data["group"] or self.cleaned_data["users"]):
            self.add_error("group", gettext("请选择党小组或承办人。"))

    def arguments(self) -> dict[str, Any]:
        """Return people instead of their ids."""
        given = super().arguments()
        return given | {"users": [self._people[pk].user for pk in given["users"]]}


class NoteForm(PhotoFormMixin, VerbForm):
    """Words for colleagues, or progress the resident reads."""

    verb = Verb.NOTE
    title = _("写备注")
    submit = _("保存")

    body = words(_("内容"))
    is_public = forms.BooleanField(
        label=_("居民也能看到（作为办理进展）"),
        required=False,
        help_text=_("不勾选时只有工作人员看得到。"),
    )
    field_order = ("version", "body", "photos", "is_public")


class PhotoForm(PhotoFormMixin, VerbForm):
    """Photos of the matter."""

    verb = Verb.PHOTO
    title = _("上传照片")
    lead = _("拍设施和现场，不拍人脸、门牌以外的个人信息。")
    submit = _("上传")

    is_public = forms.BooleanField(label=_("居民也能看到"), required=False)
    field_order = ("version", "photos", "is_public")

    def clean(self) -> None:
        """At least one photo."""
        super().clean()
        if not self.errors and not self.cleaned_data["photos"]:
            self.add_error("photos", gettext("请选择照片。"))


class ResolveForm(PhotoFormMixin, VerbForm):
    """What came of it, why, and the words for the resident."""

    verb = Verb.RESOLVE
    title = _("办结")
    lead = _("写给居民看的答复。发送前先看一遍居民看到的样子。")
    submit = _("预览")

    outcome = forms.ChoiceField(
        label=_("办理结果"), choices=Outcome.choices, widget=forms.RadioSelect
    )
    cause = forms.CharField(
        label=_("原因"),
        max_length=200,
        help_text=_("查明的原因，例如：老旧铁管。居民会看到。"),
        widget=forms.TextInput(attrs={"list": "usual-causes", "autocomplete": "off"}),
    )
    public_answer = words(_("给居民的答复"), _("做了什么、结果怎样、还要注意什么。"))
    field_order = ("version", "outcome", "cause", "public_answer", "photos")
    datalists = (("usual-causes", USUAL_CAUSES),)


class ConfirmForm(VerbForm):
    """The resident's word after a call back."""

    verb = Verb.CONFIRM
    title = _("回访：已解决")
    lead = _("您已联系居民，居民说问题解决了。这件诉求随后结案。")
    submit = _("记录并结案")

    rating = forms.TypedChoiceField(
        label=_("居民满意吗"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(str(number), str(number)) for number in range(1, 6)],
    )


class DisputeForm(VerbForm):
    """The resident's word after a call back: not solved."""

    verb = Verb.DISPUTE
    title = _("回访：没有解决")
    lead = _("您已联系居民，居民说没有解决。这件诉求会自动再办。")
    submit = _("记录并再办")

    is_partly = forms.BooleanField(label=_("解决了一部分"), required=False)
    reason = words(_("居民怎么说"), _("居民会看到。"), required=False)
    field_order = ("version", "reason", "is_partly")


class CloseForm(VerbForm):
    """Closing after a follow-up."""

    verb = Verb.CLOSE
    title = _("回访后结案")
    lead = _("联系过居民、或多次联系不上时使用。")
    submit = _("结案")
    is_serious = True

    reason = words(_("回访情况"), _("只有工作人员看得到。"))


class ReopenForm(VerbForm):
    """Handling the case once more."""

    verb = Verb.REOPEN
    title = _("再办")
    lead = _("重新办理这件诉求，期限从现在算起。")
    submit = _("再办")

    reason = words(_("原因"), _("居民会看到。"))


class WithdrawForm(VerbForm):
    """Taking the report back on the resident's word."""

    verb = Verb.WITHDRAW
    title = _("代居民撤回")
    lead = _("只在居民明确要求撤回时使用。撤回后不再办理。")
    submit = _("撤回")
    is_serious = True

    reason = words(_("居民怎么说"), _("居民会看到。"))


class RevealForm(VerbForm):
    """Opening the contact."""

    verb = Verb.REVEAL
    title = _("查看联系方式")
    lead = _("只显示一次。居民会在查询页看到：谁、什么时候、因为什么查看了联系方式。")
    submit = _("查看")

    reason = forms.CharField(
        label=_("为什么要查看"),
        max_length=200,
        help_text=_("居民会看到这句话。"),
        widget=forms.TextInput(attrs={"list": "usual-reasons", "autocomplete": "off"}),
    )
    datalists = (("usual-reasons", USUAL_REASONS),)
