"""Demo log-ins: one invented person per role, and a first thing to try."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.enums import Role


class Login(NamedTuple):
    """A demo account: user name, invented name, role, and a first thing to try."""

    username: str
    name: str
    role: Role
    try_this: str | Promise


LOGINS: tuple[Login, ...] = (
    Login("staff", "钱示范", Role.STAFF, _("登记一条居民来电：地点输入 fxhy46")),
    Login("member", "孙示范", Role.MEMBER, _("打开交办的诉求，填写入户单")),
    Login("leader", "李示范", Role.GROUP_LEADER, _("看本组的诉求，到 46 号楼逐户了解")),
    Login(
        "secretary", "周示范", Role.BRANCH_SECRETARY, _("受理阜兴花苑 46 号楼的诉求，派人、办结")
    ),
    Login("community", "吴示范", Role.COMMUNITY_SECRETARY, _("答复升级到社区的诉求")),
    Login("official", "郑示范", Role.SUBDISTRICT_OFFICIAL, _("看街道总览，答复升级，吹哨部门")),
    Login("city", "王示范", Role.CITY_OFFICIAL, _("看全市超期与升级")),
    Login("department", "冯示范", Role.DEPARTMENT_HANDLER, _("办理转给供水公司的诉求")),
    Login("auditor", "陈示范", Role.AUDITOR, _("查看、搜索、导出安全日志，看不到任何诉求")),
    Login("sysadmin", "褚示范", Role.SYSTEM_ADMIN, _("在后台维护地点与组织")),
    Login("secadmin", "卫示范", Role.SECURITY_ADMIN, _("在后台建账号、任免职务")),
    Login(
        "partner",
        "示范对接平台",
        Role.API_CLIENT,
        _("用接口令牌访问 /api/v1/（issue_token partner）"),
    ),
    Login(
        "outsider", "蒋示范", Role.BRANCH_SECRETARY, _("博峰街道的书记：看不到阜新街道的任何诉求")
    ),
)
