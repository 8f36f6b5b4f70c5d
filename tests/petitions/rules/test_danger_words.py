"""Which words of residents point to a danger."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.conf import settings

from petitions.rules import danger_words

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
    "孩子掉进井里了": "water",
    "后墙要塌，砖往下掉": "collapse",
    "有人落水": "water",
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
    # fire, from trials
    "楼道里全是烟": "fire",
    "着大火了": "fire",
    "电动车自燃": "fire",
    "smoke in the stairs": "fire",
    "there is thick smoke on the third floor": "fire",
    "something is burning": "fire",
    "fire in the kitchen": "fire",
    "The battery exploded": "fire",
    "flames from the window": "fire",
    # gas, from trials
    "煤气的味道很大": "gas",
    "屋里一股天然气": "gas",
    "gas smell in the stairs": "gas",
    "gas smell in the kitchen": "gas",
    "smells of gas": "gas",
    "there is a strong smell of gas": "gas",
    "I can smell gas": "gas",
    "The kitchen smells like gas": "gas",
    "gas is leaking": "gas",
    # trapped, from trials
    "电梯门打不开，里面有人": "trapped",
    "in the lift two people are stuck": "trapped",
    "The lift stopped with people inside": "trapped",
    "people are trapped": "trapped",
    # electricity, from trials
    "电线要断了": "electricity",
    "栏杆带电": "electricity",
    "The socket is sparking": "electricity",
    "a power line is down": "electricity",
    # collapse, from trials
    "楼要塌了": "collapse",
    "要塌": "collapse",
    "房子快塌了": "collapse",
    "阳台要垮了": "collapse",
    "电线杆要倒了": "collapse",
    "外墙的砖要掉了": "collapse",
    "花盆从楼上掉下来": "collapse",
    "The building is about to collapse": "collapse",
    "the wall fell down": "collapse",
    "the roof is going to fall": "collapse",
    # water, from trials
    "孩子掉下去了": "water",
    "a child fell into the well": "water",
    "somebody is drowning": "water",
    # injury, from trials
    "老人摔倒起不来": "injury",
    "老人摔倒了，起不来": "injury",
    "摔倒动不了": "injury",
    "老人跌倒了爬不起来": "injury",
    "爬不起来": "injury",
    "倒在地上": "injury",
    "有人倒在地上": "injury",
    "我爸倒在卫生间": "injury",
    "他倒在地上不动了": "injury",
    "摔倒在楼道里": "injury",
    "邻居躺在楼道里叫不醒": "injury",
    "从楼上掉下来": "injury",
    "孩子从楼上掉下来": "injury",
    "有人从窗户掉下去了": "injury",
    "从梯子上摔下来了": "injury",
    "老人快不行了": "injury",
    "口吐白沫": "injury",
    "my neighbour has collapsed": "injury",
    "unconscious": "injury",
    "fell down and cannot get up": "injury",
    "My mother fell and can’t get up": "injury",
    "an old man is lying on the stairs": "injury",
    "he can't breathe": "injury",
    "she has chest pain": "injury",
    "somebody collapsed in the stairs": "injury",
    "a boy fell from the balcony": "injury",
    "my wife is in labour": "injury",
    # self_harm, from trials
    "有人要跳下去": "self_harm",
    "he wants to jump off the roof": "self_harm",
    # violence, from trials
    "楼下打起来了": "violence",
    "they are beating my neighbour": "violence",
    "My son is missing": "violence",
    # traffic, from trials
    "两车相撞": "traffic",
    "he was hit by a truck": "traffic",
    # stranded, from trials
    "stuck in the snow": "stranded",
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
    "有人把垃圾倒在地上",
    "邻居剩饭倒在楼道里",
    "脏水倒在楼道",
    "树倒在路上",
    "自行车倒在路上",
    "感觉天要塌了",
    "头都要炸了",
    "嗓子冒烟",
    "早上爬不起来",
    "怕老人摔倒起不来",
    "电线杆歪了",
    "树叶要倒掉",
    "饭店要倒闭了",
    "楼道全是烟头",
    "路滑车动不了",
    "污水倒在路上，车动不了",
    "没有煤气的味道",
    "烟头从楼上掉下来",
    "老人腿脚不行了",
    "衣服从阳台掉下来了",
    "There is no smell of gas",
    "there is no fire",
    "The fire hydrant has no water",
    "there is a fire hydrant without water",
    "the gas bill is wrong",
    "neighbours smoke in the stairs",
    "smell of cigarette smoke",
    "the smoke alarm is broken",
    "The lift is out of order",
    "the lift is stuck",
    "nobody was hurt",
    "it could cause a fire",
    "I cannot get up the stairs because the lift is broken",
    "a tile fell off the wall in the bathroom",
    "rubbish is lying on the ground",
    "snow fell and the cars cannot move",
    "what if there is a fire",
    "",
    "\u200b\n",
]


def _codes(text: str) -> list[str]:
    return [kind.code for kind in danger_words.kinds_in(text)]


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


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("孩子从楼上掉下来", ["injury"]),
        ("花盆从楼上掉下来", ["collapse"]),
        ("孩子掉下去了", ["water"]),
        ("三楼着火，有人晕倒", ["fire", "injury"]),
        ("一股煤气味，老人晕倒了", ["gas", "injury"]),
    ],
)
def test_a_fall_is_no_place_to_leave(text: str, codes: list[str]) -> None:
    assert _codes(text) == codes


def test_the_answer_for_lists_is_read_once_and_no_text_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(danger_words, "_known", {})
    assert danger_words.is_dangerous("家里着火了")
    assert not danger_words.is_dangerous("水是黄的")
    monkeypatch.setattr(danger_words, "kinds_in", None)  # not called again
    assert danger_words.is_dangerous("家里着火了")
    assert not danger_words.is_dangerous("水是黄的")
    assert "着火" not in repr(danger_words._known)


def test_the_cache_for_lists_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(danger_words, "_known", {})
    monkeypatch.setattr(danger_words, "CACHE_SIZE", 2)
    for text in ("着火了", "水是黄的", "漏气"):
        danger_words.is_dangerous(text)
    assert len(danger_words._known) <= 2


def test_only_as_much_is_read_as_a_report_may_hold() -> None:
    longest = "着火" + "会" * (danger_words.MAX_LENGTH - 2)
    assert [kind.code for kind in danger_words.kinds_in(longest)] == ["fire"]
    assert danger_words.kinds_in("好" * danger_words.MAX_LENGTH + "着火了") == []


def test_a_long_run_of_words_before_a_danger_is_read_as_far_as_needed() -> None:
    """Without a bound the time grew with the square of the length."""
    assert danger_words.kinds_in("怕孩子会把被引起着火") == []
    assert danger_words.kinds_in("怕" + "会" * 20 + "着火") == []
