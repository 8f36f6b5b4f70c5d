"""Which dangers a category and a resident's own words point to, and whom to call at once.

Words are matched in their search form (`text_forms.fold_search_text`). A phrase that denies or only
supposes a danger does not count; where both readings are possible, the warning is shown. Nothing
is stored because a word matched, and a warning never keeps anybody from filing. Chinese words are
those of the residents' design; Uyghur and Kazakh words come from Unicode CLDR 48 and were not
checked by a reader; mentions of police and snow are left out, they name no danger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.lib import text_forms
from petitions.enums import Urgency, Verb
from petitions.models import Category, Event, Petition
from petitions.rules import catalogue

NATIONAL_NUMBERS = {
    "119": _("火警、救援"),
    "120": _("急救"),
    "110": _("报警"),
    "122": _("交通事故"),
}
FOLLOW_UPS = frozenset({Verb.DISPUTE, Verb.REOPEN})
"""The verbs whose note holds what the resident says now."""

_NUMBER = re.compile(r"\d[\d-]*\d")
_PARTS = re.compile(r"[；;，,、]")
_BRACKETS = re.compile(r"[（(].*?[）)]")
_SAMPLE = "示例"


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """A telephone number for emergencies, and the service it belongs to.

    The number of the sample data (`is_sample`) belongs to nobody and is no link.
    """

    number: str
    name: StrOrPromise
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class DangerKind:
    """A kind of danger: words that point to it, what to do in one sentence, numbers to call.

    `words` is a pattern of Chinese without spaces, `other_words` one of Uyghur, Kazakh in Arabic
    script and English. With `has_utility` a company is called too, by the number of the category
    of this kind. `is_shared`: neighbours may be warned, because it tells nothing about a person.
    """

    code: str
    advice: StrOrPromise
    numbers: tuple[str, ...]
    words: re.Pattern[str]
    other_words: re.Pattern[str]
    has_utility: bool = False
    is_shared: bool = False

    def is_in(self, text: str, joined: str) -> bool:
        """Tell whether a folded text points to this danger; `joined` is without spaces."""
        return bool(self.words.search(joined) or self.other_words.search(text))


@dataclass(frozen=True, slots=True)
class Danger:
    """What the panel shows: the advice, the numbers to call first, and the other national ones."""

    kinds: tuple[DangerKind, ...]
    numbers: tuple[EmergencyNumber, ...]
    other_numbers: tuple[EmergencyNumber, ...]

    @property
    def advice(self) -> list[StrOrPromise]:
        """One sentence for each kind of danger; a general one if the kind is not known."""
        return [kind.advice for kind in self.kinds] or [_GENERAL_ADVICE]


# A gap inside a phrase: no punctuation and no negation. NFKC makes `,;:!?` of the full-width ones.
_GAP = "[^,，。;:!?、没未不无]"
_PERSON = "(?:人|老人|孩子|小孩|娃|学生|老伴|儿子|女儿|爸|妈|爷爷|奶奶)"
_FIRE = "着火|着了火|起火|失火|火灾|冒烟|爆炸|烧起来"
_DENIABLE = (
    f"{_FIRE}|[烟焦糊]味|(?:煤|燃|天然)气味|漏气|(?:煤气|燃气|天然气)?泄[漏露]|漏电|触电"
    "|(?:人)?(?:被困|受伤|中毒)|困人"
)
_SUPPOSABLE = (
    f"{_FIRE}|触电|倒塌|坍塌|摔伤|受伤|砸伤|砸到?人|撞到?人|撞车|掉[进到下]|咬伤|烫伤|落水|溺水"
)
_DENIED = (  # 没有着火; but not the question 有没有着火
    "(?<![有是会])(?:没有?|未|并未|不是|无|不存在|排除)"
    f"(?:任何|发生|发现|出现|看到|看见|闻到|再|因)*(?:{_DENIABLE})"
)
_SUPPOSED = (  # 万一着火, 怕孩子掉下去; but not 不小心摔伤, 一起火灾
    "(?:(?<!恐)怕|担心|万一|如果|要是|假如|一旦|容易|易|防止?|以防|避免|预防|以免|(?<!不)小心|当心"
    "|差点儿?|险些|会|一(?=着火))"
    f"(?:会|有|再|把|被|引起|引发|发生|出现|造成|导致|{_PERSON})*(?:{_SUPPOSABLE})"
)
_HARMLESS = re.compile(
    f"{_DENIED}|{_SUPPOSED}"
    # things and places named after fire, gas or current
    "|[打点](?:不?着|得着)?火|着火点|火灾(?:隐患|报警|险|保险|演[练习]|预案|逃生)|救火车|一起火锅"
    "|引[起发]火灾(?!了)"
    "|(?:燃气|煤气|一氧化碳)报警器(?!.{0,4}[响叫])|漏电(?:保护|开关|断路)|落水[管口]|跳楼[价机]"
    "|(?:轮?胎|窗户?|门|门缝|暖气|暖气片)漏气|烧炭烤|(?<![煤燃然])气炸了|油炸了"
    # smoke of tobacco and kitchens
    "|烟味[^。!?]*[抽吸]烟|[抽吸香油]烟[^。!?]*烟味|(?:油|香|抽|吸|二手)烟味|烟囱.{0,4}冒.{0,2}烟"
    # figures of speech and other words
    "|想死[你我他她]|打人工|打架子|[防反](?:范|电信|网络)*诈骗|(?:电脑|手机)中毒|防小偷"
    "|[羊牛马猫狗]要生了|(?<!漏)不漏"
)


def _kind(
    code: str,
    advice: StrOrPromise,
    numbers: str,
    *words: str,
    other: str = r"(?!)",
    has_utility: bool = False,
    is_shared: bool = False,
) -> DangerKind:
    other_words = rf"\b(?:{text_forms.fold_search_text(other)})"
    patterns = re.compile("|".join(words)), re.compile(other_words)
    return DangerKind(code, advice, tuple(numbers.split()), *patterns, has_utility, is_shared)


_GENERAL_ADVICE = _("有人受困、着火、闻到燃气味：先离开危险的地方，再拨打下面的电话。")
KINDS = (
    _kind(
        "fire",
        _("先离开，随手关门，别坐电梯，到外面打119。"),
        "119",
        f"{_FIRE}|着大火|烧着了|火苗|救火|[烟焦糊]味|烧焦|浓烟|冒出?{_GAP}{{0,3}}烟",
        f"炸了|(?:电瓶车|电动车|电池){_GAP}{{0,4}}烧|草原{_GAP}{{0,4}}着",
        other=r"ئوت\b|ئوت ئاپىتى|تۈتۈن|پارتلا|ءورت\b|ءتۇتىن|جارىلىس"
        r"|(?:on|caught|is a|house|kitchen) fire\b|fire!|explosion|smoke from",
        is_shared=True,
    ),
    _kind(
        "gas",
        _("先到外面，再打电话；别开灯、别点火，别在屋里打。"),
        "119",
        "(?:燃气|煤气|天然气|液化气)味|煤气中毒|一氧化碳|漏气|气泄[漏露]|漏[煤燃]气|臭鸡蛋味|烧炭",
        f"(?:燃气|煤气|天然气|液化气){_GAP}{{0,6}}(?:泄[漏露]|漏(?!水)|跑气)",
        "闻到(?:了|有|一股|很浓的?|强烈的)*(?:煤气|燃气|天然气|液化气|气味)|气报警器.{0,4}[响叫]",
        "[炉煤炭][^。没不]{0,12}(?:头晕|头疼|恶心)|(?:头晕|头疼|恶心)[^。没不]{0,12}[炉煤炭]",
        other=r"گاز\w* (?:\w+ )?(?:پۇراق|ھىد|ءيىس)|gas leak|(?:smell\w*|smell of) gas\b"
        r"|leaking gas|carbon monoxide",
        has_utility=True,
        is_shared=True,
    ),
    _kind(
        "trapped",
        _("按电梯里的铃，等人来救，别扒门。"),
        "119",
        f"困人|被困|[困关卡夹][在进]{_GAP}{{0,2}}(?:电梯|轿厢)(?!口|门口)",
        f"电梯{_GAP}{{0,8}}(?:困(?!难)|关着人|关了人|出不来|卡着人|夹[住到了]|坠|往下掉|掉下)",
        f"{_PERSON}{_GAP}{{0,4}}(?:卡住|夹住|反锁在)",
        other=r"(?:لىفت|ليفت)\w* (?:\w+ )*(?:سولىشىپ|قامال)"
        r"|(?:trapped|stuck) in (?:the |a )?(?:lift|elevator)",
        has_utility=True,
        is_shared=True,
    ),
    _kind(
        "electricity",
        _("离远一点，别碰电线，也别碰被电到的人。"),
        "120 119",
        f"触电|漏电|电线{_GAP}{{0,4}}(?:掉|断了|垂|裸露|着了?火|冒)|冒[火电]花|打火花",
        f"变压器{_GAP}{{0,4}}[炸爆冒]|被电(?:了|到|着|击|麻)|高压线{_GAP}{{0,4}}[断掉垂]",
        other=r"توك (?:\w+ )?سوق|ەلەكتر\w* (?:\w+ )?سوق|electric shock|live wire|electrocut",
        has_utility=True,
        is_shared=True,
    ),
    _kind(
        "collapse",
        _("先离远，别让人靠近，也别自己下去救人。"),
        "119 120",
        f"掉[进到下]{_GAP}{{0,6}}[井河渠湖]|{_PERSON}{_GAP}{{0,4}}掉(?:下去|下来|进)",
        "落水|溺水|冰塌|掉冰窟",
        f"(?:房|墙|楼板|[屋房楼]顶|天花板|棚){_GAP}{{0,4}}(?:塌了|塌下|垮了|[要快]塌)|坍塌|倒塌",
        f"(?:房|墙|棚|广告牌){_GAP}{{0,4}}[要快]倒(?![垃水])",
        f"(?:外墙|墙砖|砖头|玻璃|广告牌){_GAP}{{0,6}}(?:掉下来|[要快]掉)",
        other=r"(?:wall|roof|building|ceiling) (?:has )?(?:collapsed|is collapsing)|drowning",
        is_shared=True,
    ),
    _kind(
        "injury",
        _("先打120，说清地址；别搬动伤者，有人陪着。"),
        "120",
        "昏倒|晕倒|晕过去|昏迷|喘不[上过]|胸口[疼痛]|胸痛|中风(?!后|偏瘫)|大出血|流血不止",
        f"{_PERSON}没气了|没呼吸|没有呼吸",
        "从楼上[摔掉]|摔下楼|坠楼|摔[伤断]|骨折(?!后)|受伤了|砸伤|砸到人|咬伤|烫伤|烧伤|[要快]生了(?![锈虫病火])",
        "羊水破|中毒|抽搐|冻[僵伤]|心梗|心肌梗|心脏病[犯发]|犯心脏病|呼吸困难|叫不醒|不省人事|休克|窒息|噎住",
        other=r"قۇتقۇزۇش|يارىدار|ھوشسىز|قان\b|جەدەل جاردەم|جاراقات"
        r"|unconscious|not breathing|(?:is|am|heavily) bleeding|bleeding heavily"
        r"|heart attack|fainted",
    ),
    _kind(
        "self_harm",
        _("我们陪您：先打这个电话；身边有人的，请别走开。"),
        "110 120",
        "跳楼|想死|不想活|活不下去|自杀|割腕|喝农药|上吊|轻生|寻短见|自残",
        other=r"ئۆلۈۋال|suicide|kill (?:my|him|her)self|want to die",
    ),
    _kind(
        "violence",
        _("先到安全的地方，再打110。"),
        "110",
        f"打人|打架|[拿持动]刀|砍[人我他她伤]|家暴|打老婆|打孩子|打死|杀人|抢劫|抢[走我]|{_GAP}被抢",
        "偷[了走]|被偷|小偷|撬门|撬锁|入室[盗偷抢]|[被遭言]语?威胁|威胁[我他她要]|恐吓|跟踪我|跟着我|尾随",
        f"{_PERSON}{_GAP}{{0,6}}(?:走丢|走失|不见了|失踪|丢了(?![手钱包车东钥证]))",
        "绑架|拐[走卖]|性侵|猥亵|强奸",
        other=r"ئوغرى|ئۇرۇش\b|ۇرى\b|پىچاق|پىشاق|knife|burglar|robbed|missing child"
        r"|domestic violence",
    ),
    _kind(
        "traffic",
        _("先打122；有人受伤打120，别搬动伤者。"),
        "122 120",
        f"撞车|撞[了到伤倒]?(?:了)?{_PERSON}|撞[伤死]|被{_GAP}{{0,3}}车撞|车祸|翻车|肇事|出了?交通事故",
        other=r"ماشىنا\w* (?:\w+ )*سوقۇل|كولىك\w* (?:\w+ )*سوق|car (?:accident|crash)|hit by a car",
    ),
    _kind(
        "stranded",
        _("别离开车和房子，注意保暖，打电话说清位置。"),
        "110 119",
        f"[困陷][在进]{_GAP}{{0,3}}[雪山]|雪{_GAP}{{0,3}}(?:困(?!难)|陷)|暴风雪",
        f"(?:放羊|放牧|转场|牧民|进山){_GAP}{{0,9}}没有?回来",
        "(?:老人|孩子|爷爷|奶奶|老伴)没有?回来",
    ),
    _kind(
        "fraud",
        _("先别转钱，别给验证码，打110问清楚。"),
        "110",
        f"诈骗|被骗|刷单|冒充{_GAP}{{0,4}}(?:公安|警察|客服|领导)|验证码{_GAP}{{0,2}}给|骗子{_GAP}{{0,3}}[打让要叫电]",
        f"[要让叫][我他她]{_GAP}{{0,3}}转[账钱]",
        other=r"ئالدامچى|الاياق\b|scam|fraudster",
    ),
)


def find(category: Category | None, *texts: str, urgency: str = "") -> Danger | None:
    """Return the danger that a category, an urgency or the words point to; None without one."""
    kinds = kinds_in("\n".join(texts))
    is_named = is_emergency(category) or urgency == Urgency.EMERGENCY
    return _danger(kinds, category, is_named=is_named)


def of_case(
    petition: Petition, *later_words: str, is_for_neighbours: bool = False
) -> Danger | None:
    """Return the danger of a case that has not ended, by its category, urgency and words.

    Neighbours (`is_for_neighbours`) learn only of dangers that concern the whole building.
    """
    if not petition.is_open:
        return None
    kinds = kinds_in("\n".join((petition.text, petition.since, *later_words)))
    if is_for_neighbours:
        kinds = [kind for kind in kinds if kind.is_shared]
    category = petition.category
    is_named = is_emergency(category) or petition.urgency == Urgency.EMERGENCY
    return _danger(kinds, category, is_named=is_named)


def follow_up_words(events: Iterable[Event]) -> list[str]:
    """Return what the resident wrote, or said on the telephone, when the case was reopened."""
    rows = [event for event in events if event.verb in FOLLOW_UPS]
    return [event.note.body for event in rows if hasattr(event, "note")]


def kinds_in(text: str) -> list[DangerKind]:
    """Return the kinds of danger that words point to, in the order of `KINDS`."""
    lines = "，".join(text.splitlines())
    folded = text_forms.fold_search_text(lines.replace("著", "着"))
    folded = _HARMLESS.sub("，", folded)
    joined = folded.replace(" ", "")
    return [kind for kind in KINDS if kind.is_in(folded, joined)]


def is_emergency(category: Category | None) -> bool:
    """Tell whether the resident should call an emergency number before reporting."""
    return category is not None and category.urgency == Urgency.EMERGENCY


def utility_numbers(category: Category) -> list[EmergencyNumber]:
    """Return the emergency numbers of a category, without the four national ones.

    They are parsed from one field, for example `119；燃气抢修 0994-5550000（示例）`.
    """
    numbers = []
    for part in _PARTS.split(category.emergency_phone):
        number = _NUMBER.search(part)
        if number and number[0] not in NATIONAL_NUMBERS:
            name = _BRACKETS.sub("", part.replace(number[0], "")).strip()
            numbers.append(EmergencyNumber(number[0], name, _SAMPLE in part))
    return numbers


def _danger(kinds: list[DangerKind], category: Category | None, *, is_named: bool) -> Danger | None:
    """Join the kinds in the words with that of the category; `is_named`: an emergency anyway."""
    if category is not None and is_named:
        category = catalogue.read().by_id.get(category.pk, category)  # has its parent loaded
        own = _kinds_of(category)
        kinds = [kind for kind in KINDS if kind in kinds or kind in own]
    if not kinds and not is_named:
        return None
    first = list(dict.fromkeys(number for kind in kinds for number in kind.numbers))
    others = [number for number in NATIONAL_NUMBERS if number not in first]
    numbers = [*_utilities(kinds, category if is_named else None), *map(_national, first)]
    numbers.sort(key=lambda number: number.is_sample)
    return Danger(tuple(kinds), tuple(numbers), tuple(map(_national, others)))


def _national(number: str) -> EmergencyNumber:
    return EmergencyNumber(number, NATIONAL_NUMBERS[number])


def _kinds_of(category: Category) -> list[DangerKind]:
    """Return the kinds that the names and keywords of a category point to."""
    parent = category.parent.name if category.parent else ""
    return kinds_in("\n".join((parent + category.name, *category.keywords.split())))


def _utilities(kinds: Iterable[DangerKind], category: Category | None) -> list[EmergencyNumber]:
    """Return the numbers of the category, else those of the first category of each kind."""
    if category is not None and (own := utility_numbers(category)):
        return own
    numbers: list[EmergencyNumber] = []
    for kind in kinds:
        if kind.has_utility:
            rows = (row for row in catalogue.reportable_categories() if row.emergency_phone)
            own_rows = (utility_numbers(row) for row in rows if kind in _kinds_of(row))
            numbers += next(filter(None, own_rows), [])
    return list(dict.fromkeys(numbers))
