"""Enumerations of people, posts and messages."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from branches.enums import OrgLevel


class Role(models.TextChoices):
    """What a post allows; its scope follows from its organisation or area."""

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


ADMIN_ROLES: frozenset[Role] = frozenset({Role.AUDITOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})
"""The three separated administrator roles (三员分立): mutually exclusive, without case content."""

HEAD_ROLES: frozenset[Role] = frozenset(
    {
        Role.GROUP_LEADER,
        Role.BRANCH_SECRETARY,
        Role.COMMUNITY_SECRETARY,
        Role.SUBDISTRICT_OFFICIAL,
        Role.CITY_OFFICIAL,
        Role.DEPARTMENT_HANDLER,
    }
)
"""Roles that head an organisation; its work is assigned to the holder, or to the deputy."""


SINGLE_HEAD_ROLES: frozenset[Role] = frozenset(
    {Role.GROUP_LEADER, Role.BRANCH_SECRETARY, Role.COMMUNITY_SECRETARY}
)
"""Head roles with one holder at a time; there may be several officials and handlers."""


HEAD_ROLE_OF_LEVEL: dict[OrgLevel, Role] = {
    OrgLevel.GROUP: Role.GROUP_LEADER,
    OrgLevel.BRANCH: Role.BRANCH_SECRETARY,
    OrgLevel.COMMUNITY: Role.COMMUNITY_SECRETARY,
    OrgLevel.SUBDISTRICT: Role.SUBDISTRICT_OFFICIAL,
    OrgLevel.CITY: Role.CITY_OFFICIAL,
    OrgLevel.DEPARTMENT: Role.DEPARTMENT_HANDLER,
}
"""The head role of an organisation of each level."""

LEVELS_OF_ROLE: dict[Role, frozenset[OrgLevel]] = {
    Role.STAFF: frozenset({OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT}),
    Role.MEMBER: frozenset({OrgLevel.GROUP, OrgLevel.BRANCH}),
    **{role: frozenset({level}) for level, role in HEAD_ROLE_OF_LEVEL.items()},
}
"""Levels of organisations at which a role exists."""

MFA_ROLES: frozenset[Role] = ADMIN_ROLES | {Role.SUBDISTRICT_OFFICIAL, Role.CITY_OFFICIAL}
"""Roles that require a second factor, except in a demo."""


class MessageKind(models.TextChoices):
    """Reason of an inbox message."""

    TO_ACCEPT = "to_accept", _("待受理")
    ASSIGNED = "assigned", _("交办")
    REMINDER = "reminder", _("即将超期")
    OVERDUE = "overdue", _("已超期")
    ESCALATED = "escalated", _("升级待答复")
    ANSWERED = "answered", _("升级已答复")
    RETURNED = "returned", pgettext_lazy("status", "退单")
    REOPENED = "reopened", pgettext_lazy("status", "再办")
    RESOLVED = "resolved", _("已办结")
    CLOSED = "closed", _("已结案")
    NOTE = "note", _("新备注")
    DEADLINE = "deadline", _("时限确定")
    DATA_QUALITY = "data_quality", _("资料待补")
    REVEALS = "reveals", _("查看联系方式较多")
    CONCLUDED = "concluded", _("任务已回复")
    HANDED_BACK = "handed_back", _("任务被退回")
    CANCELLED = "cancelled", _("任务已撤销")
    TASK_OVERDUE = "task_overdue", _("任务超期")


def message_kind_choices() -> list[tuple[str, StrOrPromise]]:
    """Return the choices of the column; a callable, so that a new kind needs no migration."""
    return [(kind.value, kind.label) for kind in MessageKind]


SENT_IMMEDIATELY: dict[MessageKind, bool] = {
    MessageKind.TO_ACCEPT: True,
    MessageKind.ASSIGNED: True,
    MessageKind.REMINDER: False,
    MessageKind.OVERDUE: False,
    MessageKind.ESCALATED: True,
    MessageKind.ANSWERED: True,
    MessageKind.RETURNED: True,
    MessageKind.REOPENED: True,
    MessageKind.RESOLVED: False,
    MessageKind.CLOSED: False,
    MessageKind.NOTE: False,
    MessageKind.DEADLINE: False,
    MessageKind.DATA_QUALITY: False,
    MessageKind.REVEALS: True,
    MessageKind.CONCLUDED: True,
    MessageKind.HANDED_BACK: True,
    MessageKind.CANCELLED: True,
    MessageKind.TASK_OVERDUE: True,
}
"""Whether a kind is sent by e-mail at once; the others wait for the daily digest, unless urgent."""

DIGEST_KINDS: tuple[MessageKind, ...] = tuple(
    kind for kind, is_immediate in SENT_IMMEDIATELY.items() if not is_immediate
)


class ChannelName(models.TextChoices):
    """Channel by which a message leaves the system."""

    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")
    WECOM = "wecom", _("企业微信")


class SecurityAction(models.TextChoices):
    """Action recorded in the security log."""

    LOGGED_IN = "logged_in", _("登录")
    LOGIN_FAILED = "login_failed", _("登录失败")
    LOCKED_OUT = "locked_out", _("输错太多，暂缓登录")
    LOGGED_OUT = "logged_out", _("退出")
    TIMED_OUT = "timed_out", _("超时退出")
    SESSION_ENDED = "session_ended", _("结束其他会话")
    PASSWORD_SET = "password_set", _("修改密码")
    FIRST_PASSWORD = "first_password", _("发放初始密码")
    RESET_MAILED = "reset_mailed", _("寄出重设密码的邮件")
    EMAIL_CHANGED = "email_changed", _("修改工作邮箱")
    SECOND_FACTOR_SET = "second_factor_set", _("设置两步验证")
    SECOND_FACTOR_REMOVED = "second_factor_removed", _("取消两步验证")
    SECOND_FACTOR_RESET = "second_factor_reset", _("重置两步验证")
    SECOND_FACTOR_FAILED = "second_factor_failed", _("两步验证没有通过")
    PERSON_CREATED = "person_created", _("建立账号")
    PERSON_CHANGED = "person_changed", _("修改账号")
    LOCKED = "locked", _("停用账号")
    UNLOCKED = "unlocked", _("启用账号")
    POST_GIVEN = "post_given", _("任职")
    POST_ENDED = "post_ended", _("免职")
    TOKEN_ISSUED = "token_issued", _("发放接口令牌")
    TOKEN_REVOKED = "token_revoked", _("收回接口令牌")
    TOKEN_REFUSED = "token_refused", _("接口令牌无效")
    REFUSED = "refused", _("越权操作")
    NOT_VISIBLE = "not_visible", _("打开不存在或看不到的内容")
    CONTACT_REVEALED = "contact_revealed", _("查看居民联系方式")
    CONTACT_CORRECTED = "contact_corrected", _("居民更正联系方式")
    PRINTED = "printed", _("打开打印页")
    SLIP_SHOWN = "slip_shown", _("显示小票")
    ROW_ADDED = "row_added", _("新增登记资料")
    ROW_CHANGED = "row_changed", _("修改登记资料")
    ROW_DELETED = "row_deleted", _("删除登记资料")
    ADMIN_ACTION = "admin_action", _("后台批量操作")
    COMMAND_RUN = "command_run", _("运行维护命令")
    LOG_EXPORTED = "log_exported", _("导出安全日志")


def action_choices() -> list[tuple[str, StrOrPromise]]:
    """Return the choices of the column; a callable, so that a new action needs no migration."""
    return [(action.value, action.label) for action in SecurityAction]


class ActOutcome(models.TextChoices):
    """What came of an act in the security log."""

    DONE = "done", _("已完成")
    REFUSED = "refused", _("被拒绝")
    FAILED = "failed", pgettext_lazy("outcome", "没有成功")
