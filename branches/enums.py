"""Enumerations of organisations."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrgLevel(models.TextChoices):
    """Level of an organisation; cases escalate in the order `ESCALATION_ORDER`.

    Levels have names, not numbers, because places number theirs in the opposite direction.
    """

    CITY = "city", _("市级")
    SUBDISTRICT = "subdistrict", _("街道（乡镇）级")
    COMMUNITY = "community", _("社区（村）级")
    BRANCH = "branch", _("网格党支部")
    GROUP = "group", _("党小组")
    DEPARTMENT = "department", _("承办单位")


class OrgKind(models.TextChoices):
    """Kind of an organisation; each kind belongs to one level (`KINDS_AT`)."""

    CITY_COMMITTEE = "city_committee", _("市委工作机构")
    WORKING_COMMITTEE = "working_committee", _("党工委")
    TOWN_COMMITTEE = "town_committee", _("乡镇党委")
    GRASSROOTS_COMMITTEE = "grassroots_committee", _("社区党委")
    GENERAL_BRANCH = "general_branch", _("党总支")
    FORMAL = "formal", _("正式党支部")
    JOINT = "joint", _("联合党支部")
    TEMPORARY = "temporary", _("临时党支部")
    FUNCTIONAL = "functional", _("功能型党支部")
    BUILDING_GROUP = "building_group", _("楼栋党小组")
    LANE_GROUP = "lane_group", _("巷道党小组")
    YURT_GROUP = "yurt_group", _("毡房党小组")
    DEPARTMENT = "department", _("职能部门")
    UTILITY = "utility", _("公用企业")


class OpenCases(models.TextChoices):
    """What happens to the open cases of an organisation when it stops answering for a place."""

    STAY = "stay", _("留在原组织，由它办完")
    FOLLOW = "follow", _("转给以后负责的组织")


ESCALATION_ORDER: tuple[OrgLevel, ...] = (
    OrgLevel.GROUP,
    OrgLevel.BRANCH,
    OrgLevel.COMMUNITY,
    OrgLevel.SUBDISTRICT,
    OrgLevel.CITY,
)

KINDS_AT: dict[OrgLevel, frozenset[OrgKind]] = {
    OrgLevel.CITY: frozenset({OrgKind.CITY_COMMITTEE}),
    OrgLevel.SUBDISTRICT: frozenset({OrgKind.WORKING_COMMITTEE, OrgKind.TOWN_COMMITTEE}),
    OrgLevel.COMMUNITY: frozenset({OrgKind.GRASSROOTS_COMMITTEE, OrgKind.GENERAL_BRANCH}),
    OrgLevel.BRANCH: frozenset(
        {OrgKind.FORMAL, OrgKind.JOINT, OrgKind.TEMPORARY, OrgKind.FUNCTIONAL}
    ),
    OrgLevel.GROUP: frozenset({OrgKind.BUILDING_GROUP, OrgKind.LANE_GROUP, OrgKind.YURT_GROUP}),
    OrgLevel.DEPARTMENT: frozenset({OrgKind.DEPARTMENT, OrgKind.UTILITY}),
}
