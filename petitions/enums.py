"""The fixed words of a resident's case."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise


class Status(models.TextChoices):
    """Where a case stands."""

    SUBMITTED = "submitted", _("待受理")
    ACCEPTED = "accepted", _("已受理")
    DECLINED = "declined", pgettext_lazy("status", "不予受理")
    REDIRECTED = "redirected", _("已转法定途径")
    ASSIGNED = "assigned", _("已分派")
    IN_PROGRESS = "in_progress", _("处置中")
    RETURNED = "returned", _("已退单")
    SUSPENDED = "suspended", pgettext_lazy("status", "挂账")
    RESOLVED = "resolved", _("待居民确认")
    REOPENED = "reopened", pgettext_lazy("status", "再办")
    CLOSED = "closed", _("已结案")
    WITHDRAWN = "withdrawn", _("已撤回")
    MERGED = "merged", _("已并案")


class Verb(models.TextChoices):
    """What can be done to a case; how each looks and is called is in `petitions/verbs/table.py`."""

    FILE = "file", _("登记")
    ACCEPT = "accept", _("受理")
    DECLINE = "decline", _("不予受理")
    REDIRECT = "redirect", _("转法定途径")
    DISPATCH = "dispatch", _("分派")
    START = "start", _("开始处置")
    VISIT = "visit", _("入户核实")
    NOTE = "note", _("备注")
    PHOTO = "photo", _("上传照片")
    RESOLVE = "resolve", _("办结")
    CONFIRM = "confirm", _("确认已解决")
    DISPUTE = "dispute", _("没有解决")
    RATE = "rate", _("评价")
    CLOSE = "close", _("结案")
    REOPEN = "reopen", _("再办")
    RETURN = "return", _("退单")
    REASSIGN = "reassign", _("改派")
    ESCALATE = "escalate", _("升级")
    ANSWER = "answer", _("答复升级")
    WITHDRAW = "withdraw", _("撤回")
    REVEAL = "reveal", _("查看联系方式")
    REMIND = "remind", _("到期提醒")
    ACKNOWLEDGE = "ack", _("签收")
    CONCLUDE = "conclude", _("回复结果")
    HAND_BACK = "hand_back", _("退回任务")
    CANCEL = "cancel", _("撤销任务")
    SEND_AGAIN = "send_again", _("再次交办")
    OVERDUE = "overdue", _("任务超期")
    RESCHEDULE = "reschedule", _("确定时限")
    SUSPEND = "suspend", _("挂账")
    RESUME = "resume", _("恢复办理")
    MERGE = "merge", _("并案")


def verb_choices() -> list[tuple[str, StrOrPromise]]:
    """Return the choices of the column; a callable, so that a new verb needs no migration."""
    return [(verb.value, verb.label) for verb in Verb]


PLANNED_STATUSES = frozenset({Status.SUSPENDED, Status.MERGED})
PLANNED_VERBS = frozenset({Verb.SUSPEND, Verb.RESUME, Verb.MERGE})
"""Suspending and merging are not built yet, but databases of earlier releases hold such cases.

Their cases and events are shown, kept and checked. Nothing produces new ones, and no button,
filter, diagram or API schema names them.
"""

STATUSES = tuple(status for status in Status if status not in PLANNED_STATUSES)
VERBS = tuple(verb for verb in Verb if verb not in PLANNED_VERBS)
STATUS_CHOICES = [(status.value, status.label) for status in STATUSES]
VERB_CHOICES = [(verb.value, verb.label) for verb in VERBS]


class Actor(models.TextChoices):
    """What somebody is to one case. Relations, not roles."""

    PETITIONER = "petitioner", _("居民")
    HANDLER = "handler", _("负责组织")
    ASSIGNEE = "assignee", _("承办人")
    COORDINATOR = "coordinator", _("社区（街道）协调人")
    SUPERVISOR = "supervisor", _("督办组织")
    ARBITER = "arbiter", _("裁定组织")
    DEPARTMENT = "department", _("承办部门")
    ORDERER = "orderer", _("交办组织")
    PARTNER = "partner", _("对接系统")
    CLOCK = "clock", _("系统")


def actor_choices() -> list[tuple[str, StrOrPromise]]:
    """Return the choices of the column; a callable, so that new words need no migration."""
    return [(actor.value, actor.label) for actor in Actor]


WORKING_ACTORS = frozenset({Actor.HANDLER, Actor.ASSIGNEE, Actor.DEPARTMENT})
"""As what people work on a case."""

ENDING_VERBS = frozenset({Verb.DECLINE, Verb.REDIRECT})
"""Verbs that end a case unhandled."""


class Urgency(models.TextChoices):
    """How fast an answer is owed; the limits themselves are data (`Standard`)."""

    EMERGENCY = "emergency", _("紧急")
    URGENT = "urgent", _("加急")
    NORMAL = "normal", _("一般")
    COMPLEX = "complex", _("疑难复杂")
    CONSULTATION = "consultation", _("咨询")
    SUGGESTION = "suggestion", _("建议")


class Channel(models.TextChoices):
    """By which way a report came in."""

    DESK = "desk", _("社区登记")
    WEB = "web", _("网页")
    QR = "qr", _("楼栋二维码")
    API = "api", _("系统对接")
    ASSISTED = "assisted", _("代为填写")


class Regime(models.TextChoices):
    """Which legal regime sets the deadlines."""

    COMMUNITY = "community", _("网格（社区）诉求")
    HOTLINE = "hotline_12345", _("12345热线转办")
    PETITION = "petition", _("信访事项")


class CategoryChannel(models.TextChoices):
    """How a category is taken in."""

    SERVICE = "service", _("正常办理")
    REFERRAL = "referral_only", _("只转介")
    ACCUSATION = "accusation", _("检举控告渠道")


class CaseLevel(models.TextChoices):
    """The level that has to act; `resolution_level` is the highest that had to."""

    GRID = "grid", _("网格")
    COMMUNITY = "community", _("社区")
    SUBDISTRICT = "subdistrict", _("街道")
    CITY = "city", _("市")


class Outcome(models.TextChoices):
    """What came of it: closed is not the same as fixed."""

    RESOLVED = "resolved", _("已解决")
    PARTLY = "partly", _("部分解决")
    NOT_FEASIBLE = "not_feasible", _("条件不具备，暂不能解决")
    NOT_IN_REMIT = "not_in_remit", _("不属职责范围")
    DUPLICATE = "duplicate", _("重复反映")


EXPLAINED_OUTCOMES = frozenset({Outcome.NOT_FEASIBLE, Outcome.NOT_IN_REMIT, Outcome.DUPLICATE})
"""Outcomes that explain why nothing is done: the resident is asked to accept the explanation."""


class ClosedBy(models.TextChoices):
    """How a case came to be closed."""

    CONFIRMED = "confirmed", _("居民确认")
    ACCEPTED = "accepted", _("居民接受说明")
    SILENCE = "silence", _("逾期未回复，自动结案")
    FOLLOW_UP = "follow_up", _("回访后结案")


RESIDENT_AGREED = frozenset({ClosedBy.CONFIRMED, ClosedBy.ACCEPTED})
"""The resident agreed to the answer in person."""


class DeadlineKind(models.TextChoices):
    """What is owed by when."""

    CONTACT = "contact", _("首次响应")
    RESOLUTION = "resolution", _("办结")
    ANSWER = "answer", _("答复升级")
    ARBITRATION = "arbitration", _("裁定退单")
    CONFIRMATION = "confirmation", _("居民确认")
    ACKNOWLEDGE = "acknowledge", _("任务签收")
    CONCLUDE = "conclude", _("任务回复")


HANDLER_DEADLINES = (DeadlineKind.CONTACT, DeadlineKind.RESOLUTION)
"""Deadlines promised to the resident; the earliest open one is the `due_at` of the case."""

STAFF_DEADLINES = (*HANDLER_DEADLINES, DeadlineKind.ANSWER, DeadlineKind.ARBITRATION)
"""Deadlines that staff must keep; all of them end when the case is resolved."""

TASK_DEADLINES = (DeadlineKind.ACKNOWLEDGE, DeadlineKind.CONCLUDE)
"""Deadlines of a task; the doing organisation must keep them, both count from sending."""


class DeadlineState(models.TextChoices):
    """What became of a deadline."""

    OPEN = "open", _("进行中")
    MET = "met", _("按期完成")
    CANCELLED = "cancelled", _("已取消")
    FIRED = "fired", _("已到期")


class TaskState(models.TextChoices):
    """Where a task stands. Being overdue is not a state but a deadline that passed."""

    SENT = "sent", _("待签收")
    ACKNOWLEDGED = "acknowledged", _("办理中")
    DONE = "done", pgettext_lazy("task", "已办好")
    NOT_POSSIBLE = "not_possible", pgettext_lazy("task", "办不了")
    HANDED_BACK = "handed_back", pgettext_lazy("task", "被退回")
    CANCELLED = "cancelled", pgettext_lazy("task", "已撤销")


OWED_TASKS = (TaskState.SENT, TaskState.ACKNOWLEDGED)
"""Tasks that the doing organisation still has to conclude; their deadlines run."""

ACTIVE_TASKS = (*OWED_TASKS, TaskState.HANDED_BACK)
"""Tasks that one of the two organisations still has to deal with."""

CONCLUDED_TASKS = (TaskState.DONE, TaskState.NOT_POSSIBLE)
"""What the doing organisation can reply."""

TASK_OUTCOME_CHOICES = [(state.value, state.label) for state in CONCLUDED_TASKS]


class AnswerKind(models.TextChoices):
    """How a supervising organisation answers an escalation."""

    RESOURCES = "resources", _("给予资源支持")
    DEPARTMENT = "department", _("责成部门办理")
    EXTEND = "extend", _("同意延期")
    OVERRULE = "overrule", _("改变原处理意见")
    EXPLAIN = "explain", _("向居民说明情况")


class DoorResult(models.TextChoices):
    """What was found at one door; about the matter, never about the people behind it."""

    NO_ANSWER = "no_answer", _("没人应门")
    NOT_AFFECTED = "not_affected", _("未受影响")
    AFFECTED = "affected", _("受影响")
    CALL_BACK = "call_back", _("希望回电")


class Solved(models.TextChoices):
    """What the resident said about the answer; silence is counted apart."""

    YES = "yes", _("解决了")
    PARTLY = "partly", _("部分解决")
    NO = "no", _("没解决")
    ACCEPTED = "accepted", _("接受说明")
    REFUSED = "refused", _("不接受说明")
    SILENCE = "silence", _("未回复")


class PhotoKind(models.TextChoices):
    """Where a photo belongs."""

    REPORT = "report", _("反映时")
    HANDLING = "handling", _("处置中")
    ANSWER = "answer", _("处理结果")
