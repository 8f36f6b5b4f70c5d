"""The rows of the verb table for tasks: what a department and who ordered it can do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from petitions.enums import Verb
from petitions.states import RUNNING
from petitions.verbs import serializers
from petitions.verbs.forms.case_tasks import (
    AcknowledgeForm,
    CancelForm,
    ConcludeForm,
    HandBackForm,
    SendAgainForm,
)
from petitions.verbs.spec import PageKind, VerbSpec
from petitions.workflow import task_verbs

TASK_SPECS: tuple[VerbSpec, ...] = (
    VerbSpec(
        verb=Verb.ACKNOWLEDGE,
        icon="clipboard-check",
        event_label=pgettext_lazy("event", "签收任务"),
        resident_text=_("%(doer)s已接手办理"),
        primary_in=dict.fromkeys(RUNNING, 1),
        function=task_verbs.acknowledge,
        form=AcknowledgeForm,
        body=serializers.TaskBody,
        page=PageKind.BUTTON,
        message=_("已签收任务。"),
    ),
    VerbSpec(
        verb=Verb.CONCLUDE,
        icon="wrench",
        tone="done",
        event_label=pgettext_lazy("event", "回复任务结果"),
        primary_in=dict.fromkeys(RUNNING, 2),
        function=task_verbs.conclude,
        form=ConcludeForm,
        body=serializers.ConcludeBody,
        page=PageKind.FORM,
        message=_("已回复任务结果。"),
        title=_("回复任务结果"),
        help=_("回复给交办组织和负责组织；由负责组织答复居民。"),
        submit=_("回复"),
        submit_icon="send",
    ),
    VerbSpec(
        verb=Verb.HAND_BACK,
        icon="corner-up-left",
        tone="soon",
        event_label=pgettext_lazy("event", "退回任务"),
        resident_text=_("正在核对该由哪个单位去办"),
        primary_in=dict.fromkeys(RUNNING, 3),
        function=task_verbs.hand_back,
        form=HandBackForm,
        body=serializers.HandBackBody,
        page=PageKind.FORM,
        message=_("已退回任务。"),
        title=_("退回任务"),
        help=_("不归本单位办的，写明理由并建议该由谁办。由交办组织决定。"),
        submit=_("退回"),
    ),
    VerbSpec(
        verb=Verb.CANCEL,
        icon="circle-x",
        tone="neutral",
        event_label=pgettext_lazy("event", "撤销任务"),
        resident_text=_("不再请%(doer)s去办，%(who)s继续办理"),
        function=task_verbs.cancel,
        form=CancelForm,
        body=serializers.CancelBody,
        page=PageKind.FORM,
        message=_("已撤销任务。"),
        title=_("撤销任务"),
        help=_("这项任务不用再办。部门会收到消息；诉求由负责组织继续办理。"),
        submit=_("撤销任务"),
        is_dangerous=True,
    ),
    VerbSpec(
        verb=Verb.SEND_AGAIN,
        icon="forward",
        event_label=pgettext_lazy("event", "再次交办"),
        resident_text=_("已再次请%(doer)s去办，最晚%(due)s答复"),
        primary_in=dict.fromkeys(RUNNING, 1),
        function=task_verbs.send_again,
        form=SendAgainForm,
        body=serializers.SendAgainBody,
        page=PageKind.FORM,
        message=_("已再次交办。"),
        title=_("再次交办"),
        help=_("部门退回的，或回复后还要办的，再交办一次；时限从现在重新算。"),
        submit=_("交办"),
        submit_icon="send",
    ),
    VerbSpec(
        verb=Verb.OVERDUE,
        icon="clock-alert",
        tone="overdue",
        event_label=pgettext_lazy("event", "任务超期"),
        resident_text=_("%(doer)s没有按时答复，已报告%(orderer)s"),
    ),
)
