"""Which words of residents point to a danger, and whom to call."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.conf import settings

from config.lib import register_cache
from petitions.enums import Status, Urgency
from petitions.models import Category
from petitions.rules import danger
from tests.support.cast import Stage

DANGERS = {
    # fire
    "家里着火了": "fire",
    "楼道里着火，烟往上窜": "fire",
    "三楼窗户冒黑烟": "fire",
    "闻到一股焦味，电表箱烫手": "fire",
    "电动车充电的时候烧起来了": "fire",
    "锅炉房炸了": "fire",
    "看看有没有着火，楼上全是烟": "fire",
    "我们小区发生一起火灾": "fire",
    "物业没有人 着火了没人管": "fire",
    "没人救火，快来": "fire",
    "家 里 著 火 了": "fire",
    "家里着\u200b火\u2060了": "fire",
    "There is a FIRE in the kitchen": "fire",
    "ｔｈｅ ｈｏｕｓｅ ｉｓ ｏｎ ｆｉｒｅ": "fire",
    "ئۆيگە ئوت كەتتى": "fire",
    "ئۇيدە ءورت شىقتى": "fire",
    # gas
    "楼道里有煤气味，越往上越浓": "gas",
    "厨房燃气管漏了": "gas",
    "闻到气味，怕是天然气": "gas",
    "地下室一股臭鸡蛋味": "gas",
    "燃气报警器一直响": "gas",
    "没人管，漏气三天了": "gas",
    "生着炉子，一屋人头晕": "gas",
    "It smells of gas, there is a gas leak": "gas",
    "گازنىڭ پۇرىقى، گاز پۇراق": "gas",
    # trapped
    "有人困在电梯里": "trapped",
    "电梯里关着人，门打不开": "trapped",
    "孩子的手卡住了": "trapped",
    "The lift stopped, two people are stuck in the lift": "trapped",
    # electricity
    "电线掉在路上冒火花": "electricity",
    "有人触电了": "electricity",
    "水龙头漏电，洗手被电麻": "electricity",
    # collapse, falls, water
    "孩子掉进井里了": "collapse",
    "后墙要塌，砖往下掉": "collapse",
    "有人落水": "collapse",
    # injury
    "老人晕倒在楼道": "injury",
    "不小心摔伤了，站不起来": "injury",
    "老伴胸口疼，喘不上气": "injury",
    "心脏病犯了": "injury",
    # others
    "有人要跳楼": "self_harm",
    "我不想活了": "self_harm",
    "楼下有人拿刀砍人": "violence",
    "孩子不见了": "violence",
    "撬门进来偷了东西": "violence",
    "门口撞人了": "traffic",
    "车陷在雪里，回不去": "stranded",
    "我妈被骗，要转账": "fraud",
}
ORDINARY = [
    "消防通道被占",
    "消防栓没水",
    "防火门关不上",
    "灭火器过期了",
    "楼道里有着火点标识牌掉了",
    "火锅店油烟味大",
    "灶打不着火",
    "煤气灶点不着火，家里没气了",
    "没有着火，就是问一下",
    "物业说没有发生火灾",
    "已经检查过，未发现漏气",
    "昨天来看过，不是漏电",
    "没有闻到煤气味",
    "没有人被困",
    "没有人受伤",
    "堆杂物，万一着火跑不出去",
    "担心会着火",
    "楼道堆东西容易着火",
    "一着火谁也跑不了",
    "火灾隐患排查什么时候来",
    "想装一氧化碳报警器",
    "想换漏电保护器",
    "窗户漏气，屋里冷",
    "暖气片漏气",
    "燃气热水器漏水",
    "楼上天天抽烟，烟味很大",
    "饭馆的油烟味太大",
    "路滑，怕老人摔伤",
    "井盖没了，小心掉进去",
    "井盖没了，怕孩子掉进井里",
    "差点撞到人，装个减速带吧",
    "跳楼价的小广告贴满了",
    "想死你了",
    "保洁偷懒",
    "打印机坏了，打不开门",
    "社区什么时候做防诈骗宣传",
    "物业费怎么转账",
    "要抢修水管",
    "墙皮掉了一块",
    "楼顶的落水管坏了",
    "有人偷倒垃圾",
    "停电通知没有贴",
    "自来水发浑，放一会儿还是黄的。",
    "气炸了，三天没人理",
    "没有电梯老人上下困难",
    "困难山区的路",
    "平房那边要倒垃圾",
    "闻到下水道的气味",
    "暖气片快生了锈",
    "奶奶有心脏病，爬不动楼",
    "燃气公司入室安检没来",
    "社区一起火锅聚餐太吵",
    "飞线充电引起火灾谁负责",
    "修的人没回来",
    "物业费只让转账",
    "The fire lane is blocked by cars",
    "ئوتتۇرا مەكتەپنىڭ يولى بۇزۇلغان",
    "بۇ قانداق بولىدۇ",
    "",
    "\u200b\n",
]


def _codes(text: str) -> list[str]:
    return [kind.code for kind in danger.kinds_in(text)]


@pytest.mark.parametrize(("text", "code"), DANGERS.items())
def test_words_point_to_a_danger(text: str, code: str) -> None:
    assert code in _codes(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_point_to_no_danger(text: str) -> None:
    assert _codes(text) == []


def test_a_denial_on_another_line_denies_nothing() -> None:
    assert _codes("物业电话没有\n着火了") == ["fire"]
    assert _codes("没有着火，但是有煤气味") == ["gas"]


def test_few_of_the_ordinary_sample_texts_show_a_warning() -> None:
    path = Path(settings.BASE_DIR) / "petitions/data/sample_texts.csv"
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["code"] != "GS01"]
    warned = [row["text"] for row in rows if _codes(row["text"])]
    assert len(rows) >= 95
    assert len(warned) <= 0.04 * len(rows)


def test_the_numbers_of_the_kind_come_first_and_the_others_stay(stage: Stage) -> None:
    found = danger.find(None, "老人触电昏迷")
    assert found is not None
    assert [kind.code for kind in found.kinds] == ["electricity", "injury"]
    assert [line.number for line in found.numbers] == ["120", "119"]
    assert [line.number for line in found.other_numbers] == ["110", "122"]
    assert len(found.advice) == 2


def test_gas_in_the_words_brings_the_number_of_the_gas_category(stage: Stage) -> None:
    water = Category.objects.get(code="WS01")
    found = danger.find(water, "厨房有煤气味")
    assert found is not None
    assert [line.number for line in found.numbers] == ["0994-000-0119", "119"]
    assert danger.find(water, "水是黄的") is None


def test_a_sample_number_is_marked_and_stands_last(stage: Stage) -> None:
    phone = "119；燃气抢修 0994-5559119（示例号码）"
    Category.objects.filter(code="GS01").update(emergency_phone=phone)
    register_cache.forget_version()
    found = danger.find(Category.objects.get(code="GS01"))
    assert found is not None
    assert [(line.number, line.is_sample) for line in found.numbers] == [
        ("119", False),
        ("0994-5559119", True),
    ]
    assert found.numbers[1].name == "燃气抢修"


def test_an_urgency_without_words_brings_the_general_advice(stage: Stage) -> None:
    found = danger.find(None, urgency=Urgency.EMERGENCY)
    assert found is not None
    assert (found.kinds, found.numbers) == ((), ())
    assert [line.number for line in found.other_numbers] == ["119", "120", "110", "122"]


def test_a_case_that_ended_warns_no_more(stage: Stage) -> None:
    petition = stage.file(text="楼道着火了").petition
    assert danger.of_case(petition)
    petition.status = Status.CLOSED
    assert danger.of_case(petition) is None


@pytest.mark.parametrize(("text", "is_warned"), [("楼道着火了", True), ("他打人，拿刀", False)])
def test_neighbours_learn_only_of_what_concerns_the_building(
    stage: Stage, text: str, *, is_warned: bool
) -> None:
    petition = stage.file(text=text).petition
    assert danger.of_case(petition)
    assert bool(danger.of_case(petition, is_for_neighbours=True)) is is_warned
