"""The fixed words of people and posts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a post lets its holder do; where it reaches follows from its organisation or area."""

    STAFF = "staff", _("社区工作人员")
    MEMBER = "member", _("党员")
    GROUP_LEADER = "group_leader", _("党小组组长")
    BRANCH_SECRETARY = "branch_secretary", _("网格党支部书记")
    COMMUNITY_SECRETARY = "community_secretary", _("社区党组织书记")
    SUBDISTRICT_OFFICIAL = "subdistrict_official", _("街道（乡镇）干部")
    CITY_OFFICIAL = "city_official", _("市级干部")
    DEPARTMENT_HANDLER = "department_handler", _("部门经办人")
    API_CLIENT = "api_client", _("系统对接")
    AUDITOR = "auditor", _("审计员")
    SYSTEM_ADMIN = "system_admin", _("系统管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")


HATS: frozenset[Role] = frozenset({Role.AUDITOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})
"""The three administrative hats: they exclude each other and see no case content."""

HEADS: frozenset[Role] = frozenset(
    {
        Role.GROUP_LEADER,
        Role.BRANCH_SECRETARY,
        Role.COMMUNITY_SECRETARY,
        Role.SUBDISTRICT_OFFICIAL,
        Role.CITY_OFFICIAL,
        Role.DEPARTMENT_HANDLER,
    }
)
"""Posts that answer for their organisation; work is given to these, holder or deputy."""


SINGLE_HEADS: frozenset[Role] = frozenset(
    {Role.GROUP_LEADER, Role.BRANCH_SECRETARY, Role.COMMUNITY_SECRETARY}
)
"""Head posts with one holder at a time; officials and handlers may be several."""


class MessageKind(models.TextChoices):
    """Why somebody is told something."""

    TO_ACCEPT = "to_accept", _("待受理")
    ASSIGNED = "assigned", _("交办")
    REMINDER = "reminder", _("即将超期")
    OVERDUE = "overdue", _("已超期")
    ESCALATED = "escalated", _("升级待答复")
    ANSWERED = "answered", _("升级已答复")
    RETURNED = "returned", _("退单")
    REOPENED = "reopened", _("再办")
    RESOLVED = "resolved", _("已办结")
    CLOSED = "closed", _("已结案")
    NOTE = "note", _("新备注")
    DATA_QUALITY = "data_quality", _("资料待补")


class ChannelName(models.TextChoices):
    """A way out of the system to a person."""

    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")
    WECOM = "wecom", _("企业微信")
