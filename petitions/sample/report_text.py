"""Invented texts of reports and answers; they name places and problems, never a person."""

from __future__ import annotations

import csv
import datetime as dt
import random
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from grids.enums import AreaKind, Level
from grids.models import Area
from petitions.enums import AnswerKind, DoorResult, Outcome

DATA = Path(__file__).resolve().parent.parent / "data"
SEASONS: dict[str, dict[int, float]] = {  # by month; no season means the whole year alike
    "heating": {10: 1.6, 11: 1.3, 12: 1.0, 1: 1.1, 2: 0.8, 3: 0.5, 4: 0.2},
    "winter": {11: 0.6, 12: 1.2, 1: 1.4, 2: 1.0, 3: 0.3},
    "summer": {5: 0.8, 6: 1.3, 7: 1.5, 8: 1.3, 9: 0.7},
}
RURAL = "AP"
LIFT, LIFT_FROM_FLOOR = "PM04", 10
BUILDING_WIDE = ("WS", "HT", "EL", "GS", "SW", "PM")  # worth asking door by door
OPENERS = ("", "", "", "您好，", "反映一下，", "反映个事，")
CLOSERS = (
    "",
    "",
    "",
    "麻烦尽快来看看。",
    "希望有人管一管。",
    "邻居们都说有这个情况。",
    "家里挺着急的。",
    "谢谢。",
)
WHEN = ("昨天晚上", "前天", "上周末", "三四天前", "昨天下午", "前天夜里")
UNITS = ("一单元", "二单元", "三单元")
OUR_UNIT = "我们单元"

DISPATCH = (
    "请上门看一看影响几户，当天回个话。",
    "请先到现场核实，拍照留存。",
    "请联系楼栋长一起去，注意问清是一户还是整楼。",
)
PROGRESS = (
    "已到现场看过，正在联系维修，有进展马上告诉您。",
    "已联系承办单位，约定明天上午到场。",
    "材料已到，等工人进场，请再等一等。",
    "已和物业说好处理办法，正在落实。",
)
INTERNAL = (
    "现场核实属实，影响整个单元。",
    "已电话联系维修单位，对方答应今天派人。",
    "需要社区出面和物业谈一次。",
    "与楼栋长核对过，其他单元没有这个情况。",
)
AFTER_DOORS = (
    "敲门问过，多数人家都有同样情况，应是楼里共用管线的问题。",
    "逐户问过，只有这一侧受影响。",
    "白天在家的不多，晚上再补一遍。",
)
DECLINE = (
    "同一事项上月已经答复并结案，没有新的情况，原答复附后供您查看。",
    "所说的设施在单位自管院内，由产权单位负责，情况已转告对方，请直接与其联系。",
    "这件事已由主管部门立案处理，不重复受理，进展可向该部门查询。",
)
REDIRECT = (
    "这件事属于合同纠纷，可先到市人民调解委员会申请调解，也可以向法院起诉。",
    "对行政决定不服，可在60日内申请行政复议，也可以直接向法院起诉。",
)
STATUTORY = ("PM", "ND", "EM", "HS", "MK", "SI")  # matters that may belong before a court
WITHDRAW = ("已经修好了，不用处理了。", "和邻居商量好了，撤回吧。", "报重复了，以前那条就行。")
RETURN = (
    "经现场核对，这一段管线由相邻网格支部负责，请改派。",
    "反映的位置不在本支部网格内，请核实后改派。",
)
REASSIGN = ("经社区核对网格图，由贵支部负责，请尽快受理。",)
ESCALATE = (
    "供水公司说要等计划，支部协调不动，请社区出面。",
    "涉及两家单位，谁也不愿意先动，请求协调。",
    "维修费用需要动用维修资金，超出支部能力。",
)
DISPUTE = (
    "修了两天又坏了，跟没修一样。",
    "只修了一边，我们这边还是老样子。",
    "答复说好了，可是到现在还没人来过。",
)
REOPEN = ("居民来社区说问题又出现了，请再去看看。",)
FOLLOW_UP = ("三次回访未联系上，经社区核实现场已处理，予以结案。",)
REVEAL = ("约上门时间，需要打电话。", "核实具体是哪个单元。")
ANSWERS: dict[AnswerKind, str] = {
    AnswerKind.RESOURCES: "社区已联系维修队并垫付材料费，请支部今天陪同进场。",
    AnswerKind.DEPARTMENT: "请承办单位尽快到场处理，并把结果告诉支部。",
    AnswerKind.EXTEND: "配件需从外地调运，同意延期，请先向居民说明。",
    AnswerKind.OVERRULE: "只做临时处理不行，请按更换管段的办法办。",
    AnswerKind.EXPLAIN: "拖了这么久，向您道歉。问题已经查清，正在安排施工，每周告诉您一次进展。",
}
TASK_DONE = "已到现场处理完毕，运行正常，请支部告知居民。"
TASK_NOT_POSSIBLE = "现场查过，要等下一批改造计划才能动工，已列入明年计划。"
TASK_HANDED_BACK = "经现场核对，这一段不归我单位维护，请改交主管部门。"
TASK_AGAIN = "请贵单位到现场处理，把结果告诉支部。"
TASK_CANCELLED = "支部已自行联系维修队处理，不用再办。"
AGAIN = "接到您的反馈后再次上门。"
OTHER_ANSWERS: dict[Outcome, str] = {
    Outcome.PARTLY: "已先做应急处理，现在可以正常使用；彻底更换已排进计划，完成后再告诉您。",
    Outcome.NOT_FEASIBLE: "现场核实情况属实，目前不具备条件，原因已当面说明，列入明年计划。",
    Outcome.NOT_IN_REMIT: "经核对，这件事不归社区管，已把主管单位和办理地点告诉您，并帮您联系好。",
}
ABOUT = (
    "向网格支部反映过两次，一直没人回话，也没人上门看过，想请上级问一问。",
    "支部把我家的事推给物业，物业又推回来，希望由社区直接来办。",
)
ACCUSATION = (
    "窗口有工作人员办事推诿，暗示要请客才给办，请核实。具体材料可以当面提供。",
    "有干部利用职务为亲友的店招揽生意，希望上级调查。",
)


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of report: text, weight, season, cause and answer."""

    code: str
    weight: float
    season: str
    text: str
    cause: str
    answer: str

    def weight_in(self, month: int) -> float:
        """Return the weight of the template in a month."""
        return self.weight * SEASONS[self.season].get(month, 0) if self.season else self.weight


@cache
def templates() -> tuple[Template, ...]:
    """Read the templates from the data file."""
    with (DATA / "sample_texts.csv").open(encoding="utf-8", newline="") as source:
        return tuple(
            Template(
                row["code"],
                float(row["weight"]),
                row["season"],
                row["text"],
                row["cause"],
                row["answer"],
            )
            for row in csv.DictReader(source)
        )


@cache
def _table(month: int, is_rural: bool) -> tuple[tuple[Template, ...], tuple[float, ...]]:
    rows = tuple(
        row
        for row in templates()
        if row.code.startswith(RURAL) == is_rural and row.weight_in(month) > 0
    )
    return rows, tuple(accumulate(row.weight_in(month) for row in rows))


def pick(rng: random.Random, day: dt.date, place: Area) -> Template:
    """Draw a template that fits the place, by its weight in this month."""
    is_rural = place.level < Level.BUILDING and place.kind != AreaKind.LANE
    rows, weights = _table(day.month, is_rural)
    while True:
        template = rng.choices(rows, cum_weights=weights)[0]
        if _fits(template, place):
            return template


def _fits(template: Template, place: Area) -> bool:
    """A lane has no entrances, and only a high building has a lift."""
    if template.code == LIFT:
        return (place.floors or 0) >= LIFT_FROM_FLOOR
    return place.level == Level.BUILDING or "单元" not in template.text


def of(code: str) -> list[Template]:
    """Return the templates of one category."""
    return [row for row in templates() if row.code == code]


def written(rng: random.Random, template: Template, place: Area) -> tuple[str, str, str]:
    """Return the text of a report, since when the problem exists, and the answer to it."""
    when, unit = rng.choice(WHEN), rng.choice((*UNITS[: place.entrances or 1], OUR_UNIT))
    text = template.text.format(when=when, unit=unit)
    words = rng.choice(OPENERS) + text + rng.choice(CLOSERS)
    since = when if rng.random() < 0.5 else ""
    return words, since, template.answer.format(unit=unit if unit != OUR_UNIT else "该单元")


def door(rng: random.Random) -> DoorResult:
    """Draw the result at one door."""
    return rng.choices(
        (
            DoorResult.AFFECTED,
            DoorResult.NOT_AFFECTED,
            DoorResult.NO_ANSWER,
            DoorResult.CALL_BACK,
        ),
        weights=(50, 20, 26, 4),
    )[0]
