"""What the security log calls a page or an endpoint, and the object that its address names.

The texts are those of the catalogue, as they are stored: translated when the log is shown.
"""

from __future__ import annotations

from functools import cache

from django.apps import apps
from django.utils import translation
from django.utils.translation import gettext_noop as _

from config.lib.audit.refusals import RouteWords
from petitions.enums import Verb
from petitions.verbs.table import VERB_SPECS

CASE, PLACE, ORGANISATION, MESSAGE = _("诉求"), _("地点"), _("组织"), _("消息")
PHOTO, ROW, PAGE = _("照片"), _("登记资料"), _("页面")
UNKNOWN = RouteWords(_("打开页面"), PAGE)

_PAGES: dict[str, tuple[str, str]] = {
    "grids:places": (_("看地点"), PAGE),
    "grids:suggest": (_("查地点"), PAGE),
    "grids:place": (_("看地点"), PLACE),
    "grids:poster": (_("打开二维码海报的打印页"), PLACE),
    "branches:organisations": (_("看组织"), PAGE),
    "branches:organisation": (_("看组织"), ORGANISATION),
    "members:inbox": (_("看消息"), PAGE),
    "members:unread": (_("看消息"), PAGE),
    "members:read_all": (_("把消息标为已读"), PAGE),
    "members:open": (_("看消息"), MESSAGE),
    "members:read": (_("把消息标为已读"), MESSAGE),
    "members:me": (_("看自己的账号"), PAGE),
    "members:email": (_("修改工作邮箱"), PAGE),
    "members:security_log": (_("看安全日志"), PAGE),
    "members:security_log_export": (_("导出安全日志"), PAGE),
    "petitions:home": (_("看今天的工作"), PAGE),
    "petitions:list": (_("看诉求列表"), PAGE),
    "petitions:overview": (_("看概览"), PAGE),
    "petitions:desk": (_("登记诉求"), PAGE),
    "petitions:desk_preview": (_("登记诉求"), PAGE),
    "petitions:category_suggest": (_("登记诉求"), PAGE),
    "petitions:slip": (_("看小票"), CASE),
    "petitions:case": (_("看诉求"), CASE),
    "petitions:print": (_("打开诉求的打印页"), CASE),
    "petitions:doors_print": (_("打开入户核实表的打印页"), CASE),
    "petitions:photo_file": (_("看照片"), PHOTO),
    "petitions:thumb": (_("看照片"), PHOTO),
    "petitions:me_too": (_("报“我家也是”"), CASE),
    "petitions:report_me_too": (_("报“我家也是”"), CASE),
    "metrics": (_("看运行指标"), PAGE),
    "api:me": (_("看自己的账号"), PAGE),
    "api:schema": (_("看接口说明"), PAGE),
    "api:docs": (_("看接口说明"), PAGE),
    "api:area-list": (_("看地点"), PAGE),
    "api:area-detail": (_("看地点"), PLACE),
    "api:building-list": (_("看地点"), PAGE),
    "api:building-detail": (_("看地点"), PLACE),
    "api:organisation-list": (_("看组织"), PAGE),
    "api:organisation-detail": (_("看组织"), ORGANISATION),
    "api:petitions": (_("看诉求列表"), PAGE),
    "api:petition": (_("看诉求"), CASE),
    "api:events": (_("看诉求的经过"), PAGE),
    "usersessions_list": (_("看自己的账号"), PAGE),
}
_PREFIXES: dict[str, tuple[str, str]] = {
    "petitions:track": (_("凭查询码查看"), PAGE),
    "petitions:report": (_("填写反映"), PAGE),
    "petitions:receipt": (_("填写反映"), PAGE),
    "account_": (_("登录和密码"), PAGE),
    "mfa_": (_("两步验证"), PAGE),
}
_ADMIN_PAGES = {
    "changelist": _("看列表"),
    "add": _("新增"),
    "change": _("修改"),
    "delete": _("删除"),
    "history": _("看修改记录"),
    "end": _("结束"),
}


@cache
def words(view_name: str) -> RouteWords:
    """Return the words for a route of the URL configuration, given by its full name."""
    if known := _PAGES.get(view_name) or _words_of_verb(view_name):
        return RouteWords(*known)
    if view_name.startswith(("admin:", "admin/", "admin_")):
        return _words_of_admin(view_name.removeprefix("admin:"))
    for prefix, known in _PREFIXES.items():
        if view_name.startswith(prefix):
            return RouteWords(*known)
    return UNKNOWN


def _words_of_verb(view_name: str) -> tuple[str, str] | None:
    """Return the words for the page or endpoint of a verb."""
    name = view_name.removeprefix("petitions:").removeprefix("api:petition-")
    labels = {str(spec.verb): Verb(spec.verb).label for spec in VERB_SPECS}
    if name == view_name or name not in labels:
        return None
    with translation.override("zh-hans"):
        return str(labels[name]), CASE


def _words_of_admin(name: str) -> RouteWords:
    """Return the words for a page of the admin: `app_model_page`."""
    parts = name.split("_")
    page = _ADMIN_PAGES.get(parts[-1])
    if page is None or len(parts) != 3:
        return RouteWords(_("打开后台"), ROW)
    with translation.override("zh-hans"):
        return RouteWords(page, str(apps.get_model(parts[0], parts[1])._meta.verbose_name))
