"""The kinds of danger, and the words of residents that point to them.

Words are matched in their search form (`text_forms.fold_search_text`). A phrase that denies or only
supposes a danger does not count; where both readings are possible, the kind counts. Chinese words
are those of the residents' design and of user trials; Uyghur and Kazakh words come from Unicode
CLDR 48 and were not checked by a reader; mentions of police and snow are left out, they name no
danger. What a text points to is never stored in the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.lib import text_forms
from petitions.rules import danger_spelling

CACHE_SIZE = 8192
"""How many digests of texts `is_dangerous` remembers in a process."""


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
        return bool(
            self.words.search(joined) or (_OTHER.search(text) and self.other_words.search(text))
        )


# A gap inside a phrase: no punctuation and no negation. NFKC makes `,;:!?` of the full-width ones.
_GAP = "[^,，。;:!?、没未不无]"
_PERSON = "(?:人|老人|孩子|小孩|娃|学生|老伴|儿子|女儿|爸|妈|爷爷|奶奶)"
_WHO = f"(?:{_PERSON}|[我他她]|邻居|大爷|大妈|大娘|老头|老太|老公|老婆|丈夫|妻子|宝宝|师傅|工人)"
_FIRE = "着火|着了火|起火|失火|火灾|冒烟|爆炸|烧起来"
_GAS = "(?:燃气|煤气|天然气|液化气|瓦斯|沼气)"
_DENIABLE = (
    f"{_FIRE}|走水|火势|[烟焦糊]味|(?:煤|燃|天然|液化)气的?味|漏气|(?:煤气|燃气|天然气)?泄[漏露]|漏电|触电"
    "|(?:人)?(?:被困|受伤|中毒|摔倒|晕倒)|困人"
)
_SUPPOSABLE = (
    f"{_FIRE}|走水|触电|倒塌|坍塌|塌陷|塌方|滑坡|泥石流|摔伤|[摔跌滑晕昏]倒|受伤|砸伤|砸到?人|撞到?人|撞车|掉[进到下]|咬伤|烫伤"
    "|落水|溺水"
)
_DENIED = (  # 没有着火; but not the question 有没有着火
    "(?<![有是会])(?:没有?|未|并未|不是|无|不存在|排除)"
    f"(?:任何|发生|发现|出现|看到|看见|闻[到着见]|再|因){{0,6}}(?:{_DENIABLE})"
)
_SUPPOSED = (  # 万一着火, 怕孩子掉下去; but not 不小心摔伤, 一起火灾
    "(?:(?<!恐)怕|担心|万一|如果|要是|假如|一旦|容易|易|防止?|以防|避免|预防|以免|(?<!不)小心|当心"
    "|差点儿?|险些|(?<![罐瓶])(?<!锅炉)(?<![压水]器)(?<!压锅)(?<!电[池瓶])会|一(?=着火))"
    f"(?:会|有|再|把|被|引起|引发|发生|出现|造成|导致|墙|房子|[路地]面|{_PERSON}){{0,6}}(?:{_SUPPOSABLE})"
)
_PAST = (  # 去年着火的楼; but not 去年修的楼着火了, and not 去年着火的楼又冒烟
    "(?:去年|前年|上个?月|上一?次|上回|往年|早年|当年|以前|前[几些]年|[0-9一二两三四五六七八九十几]+年前)"
    "(?:[春夏秋冬]天|[底初]|[0-9一二三四五六七八九十]+月份?|因为?|发生过?|小区|我们|电[线路])*"
    f"(?:{_FIRE}|走水|漏气|泄[漏露]|漏电|倒塌|坍塌|塌[方陷了])(?:[过了]?的|[之以]?后|烧[坏毁]的)"
    "(?!.*(?:又|再次|(?<!到)现在|正在?|还在|仍|今[天晚早]|刚|突然|快来|救命))"
)
_ENGLISH_WHO = (
    r"(?:s?he|they|we|i|someone|somebody|(?:wo)?m[ae]n|lady|person|people|neighbou?rs?|child(?:ren)?"
    r"|kids?|baby|boy|girl|son|daughter|mother|father|mum|mom|dad|wife|husband|grand\w+|resident"
    r"|workers?|friend|patient)"
)
_ENGLISH_HARMLESS = (
    r"\b(?:no|not|without|never) (?:(?:any|an?|on|sign|smell|of) )*"
    r"(?:fire|smoke|smoking|gas(?: smell| leak\w*)?|sparks|danger)\b"
    r"|\b(?:nobody|no one) (?:(?:is|was|has|been|got) )*(?:hurt|injured|trapped|stuck|fainted)\b"
    r"|\b(?:could|might|may|would|afraid|risk|fear|in case|prevent|what if|worried)"
    r"(?: \w+){0,3} (?:fire|gas leaks?|explosion|accidents?|electric shocks?|fall|drown)\b"
    r"|\bfire (?:lane|hydrant|extinguisher|door|drill|escape|exit|hazard|alarm|station|engine|truck"
    r"|safety|risk|equipment|hose|route|inspection)s?\b|\bsmoke (?:alarm|detector)s?\b"
    r"|\b(?:cigarettes?|tobacco|second ?-?hand|cooking|barbecue) smoke\b|\bexhaust gas\b"
    r"|\b(?:snow|rain|trees?) (?:\w+ ){0,2}f[ae]ll\w*"
    rf"|\b{_ENGLISH_WHO} (?:(?:who|always|often|keeps?) )*smokes?\b"
)
_HARMLESS = re.compile(
    f"{_DENIED}|{_SUPPOSED}|{_PAST}|{_ENGLISH_HARMLESS}"
    # things and places named after fire, gas or current
    "|(?<!电线)(?<!插座)(?<!线路)[打点](?:不?着|得着)?火|[看走沿顺挨靠守跟]着火[车锅龙]|着火点|火灾(?:隐患|报警|险|保险|演[练习]|预案|逃生)|救火车|一起火锅"
    "|引[起发]火灾(?!了)"
    "|(?:燃气|煤气|一氧化碳)报警器(?!.{0,4}[响叫])|漏电(?:保护|开关|断路)|落水[管口]|跳楼[价机]"
    "|(?:轮?胎|窗户?|门|门缝|暖气|暖气片)漏气|烧炭烤|(?<![煤燃然])气炸了|油炸了"
    # smoke of tobacco and kitchens
    "|烟味[^。!?]*[抽吸]烟|[抽吸香油]烟[^。!?]*烟味|(?:油|香|抽|吸|二手)烟味|烟囱.{0,4}冒.{0,2}烟"
    "|(?:烧烤|烤[串肉摊])[^,。;:!?火炸燃爆冒浓黑楼屋]{0,4}烟"
    "|[抽吸]的烟|[抽吸](?:完|着)?烟[^。!?火炸燃爆冒浓黑着烧]{0,12}烟"
    # figures of speech and other words
    "|想死[你我他她]|打人工|打架子|[防反](?:范|电信|网络)*诈骗|(?:电脑|手机)中毒|防小偷"
    "|[羊牛马猫狗]要生了|(?<!漏)不漏|[天床](?:都|就|要|快)*塌|(?:头|脑袋|肺)(?:都|就|要|快|疼得)*炸了"
    "|嗓子(?:都|快|要)*冒烟|(?:早上|早晨|困得|累得|懒得)[^,。;!?]{0,6}(?:爬|起)不[起来]+"
)
# People and things on the ground: 有人倒在地上, but not 有人把垃圾倒在地上.
_NOT_POURED = "[^,。;:!?、没未不把将往给水垃圾脏土渣菜汤饭粪油尿车树杆货雪灰乱偷随]"
_ON_THE_GROUND = (
    "在?(?:地上|地下|楼道|楼梯|单元门|路边|路上|马路|雪地|雪里|厕所|卫生间|家里|屋里|床边)"
)
_HELPLESS = "(?:起不来|爬不起|站不起|动不了|不能动|不动了|动弹不得)"
_THING = (
    "(?:砖|瓦|玻璃|花盆|冰|牌|空调|外机|墙|灯|东西|杂物|垃圾|烟头|窗|石|水|雪|渣|皮|瓶|衣服|被子)"
)
_BUILDING = "(?:房|房子|墙|楼|楼房|楼板|楼梯|阳台|屋子|[屋房楼]顶|天花板|吊顶|棚|雨篷)"
_GROUND = "(?:路|地|马路|公路|便道|人行道|[路地桥]面|桥|[河大]堤|山坡|护坡|井口|车库)"
_VERY = "(?:很|太|好|真|特别|非常|挺|更|这么|那么)"
_BURNABLE = (
    "(?:垃圾桶?|柴火?|草|杂物|东西|衣服|被子|沙发|窗帘|棚子?|[垛堆]|纸箱|插座|电线|电表箱|仓库)"
)
_INDOORS = "(?:屋里|家里|房间里?|房里|楼里|楼道里?|走廊里?|楼梯间|室内|地下室|车库|电梯里|单元里)"
_GAS_PIPE = f"{_GAS}的?[灶炉表罐瓶]?的?[主总支软胶皮]?(?:管|阀|接头)"
# Smoke that is not of tobacco or a kitchen; what bursts under pressure; what shuts gas off.
_SMOKE = "(?<![油抽吸香手])烟雾?(?![味头囱花草盒灰])"
_BURSTING = (
    f"(?:锅炉|[压饭]力?锅|{_GAS}|气[罐瓶]|钢瓶|罐子|变压器|[电配]电?箱|电[池瓶]|充电[器宝]|热水器)"
)
_SHUT = "[关拧](?:都|也|怎么)?不[上住严紧死了掉动]"
_FALLING = (
    "(?:外墙|墙砖|砖头|玻璃|广告牌|花盆|外机|瓦片|天花板|吊顶|雨[棚篷]|招牌|灯箱|水泥块|预制板"
    "|防盗网)"
)
_TALL = f"(?:{_BUILDING}|广告牌|招牌|树|电杆|电线杆|杆子|灯杆|塔吊|脚手架|烟囱)"


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


# In the order in which the advice is read: first the dangerous places that people have to leave.
KINDS = (
    _kind(
        "fire",
        _("先离开，随手关门，别坐电梯，到外面打119。"),
        "119",
        f"{_FIRE}|[着起]大火(?!锅)|[烧着]着了|起了火|火苗|火光|自燃|爆燃|救火|[烟焦糊]味|烧焦|浓烟",
        f"冒出?{_GAP}{{0,3}}烟|冒火(?!花)|(?<![油抽香吸])(?:全是|都是|满是|满屋子?)烟(?![头味灰盒花])",
        f"{_SMOKE}{_GAP}{{0,6}}(?:呛|[熏薰](?:得|人|眼)|睁不开|看不[见清])|[呛熏薰]人的?{_GAP}{{0,2}}{_SMOKE}",
        f"{_VERY}[大浓]的烟(?![味头囱花草盒灰])|烟{_VERY}?[大浓]得(?!多)",
        f"{_BURSTING}{_GAP}{{0,8}}(?:[要快]|会(?:不会)?)(?:要|就)?爆?[炸爆](?![鸡鱼串油肉丸排薯糕虾酱满])",
        f"(?:[要快]|会不?会?)爆?炸[了的啊吗呀吧]?[^。!?]{{0,6}}{_BURSTING}",
        f"火势|火海|(?<![肝心虚胃上灶炉])火(?:{_VERY}[大猛旺]|越[^,。;:!?]{{0,3}}越?大)",
        f"{_INDOORS}[^,，。;:!?、没未不无抽吸油烤炒做饭烟]{{0,4}}烟雾?{_VERY}[大浓]|烟雾(?:{_VERY}[大浓]|弥漫)",
        f"(?<![暖气管机泵沟])走水[了啦]|放火(?!墙)|纵火|{_BURNABLE}(?:上的东西)?(?:都|已经|又|自己)*着(?:了|起来)|着起来了",
        f"炸了|(?:电瓶车|电动车|电池){_GAP}{{0,4}}烧|草原{_GAP}{{0,4}}着|烧了起来|[要快]烧[到过]",
        other=r"ئوت\b|ئوت ئاپىتى|تۈتۈن|پارتلا|ءورت\b|ءتۇتىن|جارىلىس"
        r"|(?:on|caught|is an?|was an?|big|house|kitchen|flat|building|car) fire\b|fire!|fire in\b"
        r"|explo(?:sion|ded|ding)|flames\b|something (?:is )?burning|burning smell"
        r"|smell\w* (?:of |like )?(?:something )?burning"
        r"|(?:house|flat|kitchen|building|car|roof|scooter|battery|stairs) (?:is |are )?burning"
        r"|smoke (?:from|in|is|on|coming|everywhere|filling|pouring|out of)"
        r"|(?:black|thick|heavy|dense|full of|lots? of|see|smell|smells of) smoke\b",
        is_shared=True,
    ),
    _kind(
        "gas",
        _("先到外面，再打电话；别开灯、别点火，别在屋里打。"),
        "119",
        f"{_GAS}(?:的|好?大?|很?重?|很?浓?)?的?味|煤气中毒|一氧化碳|漏气|气泄[漏露]|漏[煤燃]气",
        f"臭鸡蛋味|烧炭|一股子?{_GAS}",
        f"{_GAS}{_GAP}{{0,6}}(?:泄[漏露]|漏(?!水)|跑气)",
        f"(?<![没未])(?<!没有)闻[到着见]{_GAP}{{0,6}}{_GAS}|闻到(?:了|有|一股|很浓的?|强烈的)*气味",
        f"像是?{_GAS}|{_GAS}{_GAP}{{0,8}}(?:有|满屋子?|一屋子?|一股)(?:怪|臭|异)?味|气报警器.{{0,4}}[响叫]",
        f"{_GAS}{_GAP}{{0,6}}(?:[嘶咝滋嗤呲丝]{{2}}|冒气|喷气)|[嘶咝滋嗤呲]{{2}}{_GAP}{{0,4}}{_GAS}",
        f"{_GAS_PIPE}{_GAP}{{0,6}}(?:断(?![气供])|破(?!土)|裂|爆|挖[断破坏漏]|[撞碰][断破坏到]|脱[落了开]|松了)",
        f"(?:[挖撞碰钻刨铲弄][断破坏漏穿]|咬[断破])了?{_GAP}{{0,4}}{_GAS}|(?:{_GAS}|气[罐瓶])(?:阀门|热水器|[^,。;:!?、没未不无窗门水柜盖]){{0,8}}{_SHUT}",
        f"(?:灶|(?<![电锅风])炉)(?:台|具|子|头|眼)?的?(?:总?阀门?|开关|火)?{_SHUT}",
        f"{_GAS}[灶炉罐]?(?:阀门?|开关)?(?:没有?|忘[了记]?)关|忘[了记]?关{_GAP}{{0,2}}{_GAS}"
        "|(?<![家其集市屋])中了?煤气(?:$|[了,。;:!?])",
        "[炉煤炭][^。没不]{0,12}(?:头晕|头疼|恶心)|(?:头晕|头疼|恶心)[^。没不]{0,12}[炉煤炭]",
        other=r"گاز\w* (?:\w+ )?(?:پۇراق|ھىد|ءيىس)|gas (?:\w+ )?(?:leak\w*|smell\w*|odou?r)"
        r"|leak\w* (?:of )?gas\b|(?:smell|stink|reek|odou?r|stench)\w* (?:\w+ ){0,4}gas\b"
        r"|carbon monoxide|rotten eggs?",
        has_utility=True,
        is_shared=True,
    ),
    _kind(
        "electricity",
        _("离远一点，别碰电线，也别碰被电到的人。"),
        "120 119",
        f"触电|漏电|电线{_GAP}{{0,4}}(?:掉|断了|[要快]断|垂|裸露|着了?火|冒|打火|拖[在到地]|搭[在到]|露[出在着]|破[了皮]|皮[破掉烂])|冒[火电]花|打火花",
        f"变压器{_GAP}{{0,4}}[炸爆冒]|被电(?:了|到|着|击|麻|倒|打|死|伤)|高压线{_GAP}{{0,4}}[断掉垂]",
        "(?:水龙头|水管|铁门|栏杆|热水器|洗衣机|灯杆|水里)[上里]?有电(?![^,。;:!?了啊吧])"
        f"|线头{_GAP}{{0,3}}露|摸{_GAP}{{0,6}}(?:麻手|电手)",
        f"(?:栏杆|水管|铁门|灯杆|地面|积水){_GAP}{{0,3}}带电|电[到倒死]了?{_PERSON}",
        other=r"توك (?:\w+ )?سوق|ەلەكتر\w* (?:\w+ )?سوق|electric\w* shock|live wire|electrocut"
        r"|spark(?:s|ing)\b|exposed (?:\w+ )?wires?\b|fallen (?:power|electric\w*) (?:line|cable)"
        r"|(?:power|electric\w*) (?:line|wire|cable)s? (?:\w+ ){0,3}(?:down|fallen|fell|snapped)",
        has_utility=True,
        is_shared=True,
    ),
    _kind(
        "collapse",
        _("先离开，躲远一点，别让人靠近，也别回去拿东西。"),
        "119 120",
        f"{_BUILDING}{_GAP}{{0,4}}(?:塌了|塌下|垮了|[要快]塌|[要快]垮)|坍塌|倒塌|[要快]塌了?(?:$|[,。;:!?])",
        f"{_TALL}{_GAP}{{0,4}}[要快]倒(?![垃水闭卖脏污掉])",
        f"{_GROUND}{_GAP}{{0,2}}(?:塌[了下陷个一出]|陷[了下进])|塌陷|塌方了|发生塌方|地陷|摇摇欲坠",
        "(?:围墙|院墙|墙|房子?|楼|电线杆|电杆|塔吊|脚手架)(?:都|突然|已经|整个)*倒(?:了|下来)(?![垃水脏污手两一几])",
        f"(?:{_BUILDING}|墙体){_GAP}{{0,3}}(?:倾斜|歪斜)|(?:房梁|大梁|横梁|楼板|预制板)(?:都|已经|突然)*断",
        "(?:山体滑坡|泥石流|雪崩)(?!的?(?:隐患|预警|演练|防治|监测|宣传|预案))",
        f"{_FALLING}{_GAP}{{0,8}}(?:掉下来|砸下来|往下掉|[要快]掉)|(?:阳台|窗户|[房屋]檐){_GAP}{{0,3}}[要快]+掉(?!漆)",
        "(?:^|[,。;:!?])[^,。;:!?从]{0,6}阳台(?:都|整个|突然)*掉下来",
        f"{_PERSON}{_GAP}{{0,4}}(?:被埋|埋在|压在)|[压砸][到着住伤]了?{_PERSON}",
        other=r"(?:wall|roof|building|ceiling|house|balcony|stairs|staircase|floor) (?:\w+ ){0,4}"
        r"(?:collaps\w+|cav(?:ed|ing) in|fall(?:s|ing|en)? down|fell down|coming down)"
        r"|(?:about|going) to (?:collapse|fall)\b|collapsed (?:wall|roof|building|ceiling|house)",
        is_shared=True,
    ),
    _kind(
        "water",
        _("别自己下去救人，先打119；站稳了，递长杆、扔绳子。"),
        "119 120",
        f"掉[进到下]{_GAP}{{0,6}}[井河渠湖]|落水|溺水|冰塌|掉冰窟|淹死",
        f"{_PERSON}[^,，。;:!?、没未不无从]{{0,4}}掉(?:下去|进|[坑沟井河渠水湖池]里)",
        other=rf"drown(?:s|ed|ing)?\b|{_ENGLISH_WHO} (?:\w+ ){{0,3}}(?:fell|fallen) in(?:to)?"
        r" (?:\w+ ){0,2}(?:well|river|canal|water|lake|manhole|hole|pit|sewer|pond|ditch)"
        r"|(?:fell|went) through the ice",
        is_shared=True,
    ),
    _kind(
        "violence",
        _("先到安全的地方，再打110。"),
        "110",
        f"打人|打架|打起来了|殴打|挨打|[拿持动]刀|砍[人我他她伤]|家暴|打老婆|打孩子|打死|杀人|抢劫|抢[走我]|{_GAP}被抢",
        "偷[了走]|被偷|小偷|撬门|撬锁|入室[盗偷抢]|[被遭言]语?威胁|威胁[我他她要]|恐吓|跟踪我|跟着我|尾随",
        f"{_PERSON}{_GAP}{{0,6}}(?:走丢|走失|不见了|失踪|丢了(?![手钱包车东钥证]))",
        "绑架|拐[走卖]|性侵|猥亵|强奸",
        other=r"ئوغرى|ئۇرۇش\b|ۇرى\b|پىچاق|پىشاق|knife|burglar|robbed|thief\b|thieves\b"
        r"|missing (?:child|son|daughter|boy|girl)|(?:child|son|daughter) (?:is|went) missing"
        r"|domestic violence|(?:beating|attacking|threatening) (?:me|him|her|us|his|my|people)\b"
        r"|(?:broke|breaking|broken) into\b|people (?:are )?fighting|following me\b",
    ),
    _kind(
        "trapped",
        _("别扒门、别硬拽；在电梯里的先按铃，等人来救。"),
        "119",
        f"困人|被困|[困关卡夹][在进]{_GAP}{{0,2}}(?:电梯|轿厢)(?!口|门口)",
        f"电梯{_GAP}{{0,8}}(?:困(?!难)|关着人|关了人|出不来|卡着人|夹[住到了]|坠|往下掉|掉下)",
        f"电梯[^。!?]{{0,12}}里面有{_PERSON}",
        f"{_PERSON}{_GAP}{{0,4}}(?:卡住|夹住|反锁在|压住)",
        other=r"(?:لىفت|ليفت)\w* (?:\w+ )*(?:سولىشىپ|قامال)"
        r"|(?:trapped|stuck|locked) (?:\w+ )?in(?:side)? (?:the |an? |our )?(?:lift|elevator)"
        r"|(?:lift|elevator)\b[^.!?]{0,40} (?:trapped|(?:people|person|m[ae]n|woman|child|kids"
        r"|someone|somebody|we are) (?:\w+ )?(?:inside|in it|stuck))"
        rf"|{_ENGLISH_WHO} (?:\w+ ){{0,2}}trapped\b",
        has_utility=True,
        is_shared=True,
    ),
    _kind(
        "injury",
        _("先打120，说清地址；别随便搬动病人，留人陪着。"),
        "120",
        "昏倒|晕倒|晕过去|晕了过去|昏过去|昏迷|晕厥|喘不[上过]|喘不了气|胸口[疼痛]|胸痛|中风(?!后|偏瘫)",
        f"脑溢血|脑出血|脑梗(?!后)|大出血|流血不止|血流不止|头破血流|吐血|{_PERSON}没气了|没呼吸|没有呼吸",
        f"(?:摔(?![坏碎门])|跌[倒下了]|[滑栽]倒|(?<![水圾物土渣菜汤油尿货树杆])倒[在地下])[^。;!?没未]{{0,10}}{_HELPLESS}",
        f"爬不起来|站不起来|{_WHO}{_GAP}{{0,6}}动弹不得|[摔跌滑晕昏栽瘫]倒{_ON_THE_GROUND}",
        f"{_WHO}{_NOT_POURED}{{0,6}}[摔跌倒躺]{_ON_THE_GROUND}|^[倒躺]在地上",
        f"(?:^|[,。;:!?])(?![^,。;:!?从]*{_THING}){_GAP}{{0,12}}从{_GAP}{{0,6}}[楼窗台梯架树房顶]{_GAP}{{0,3}}"
        "[摔掉跌坠滚][了下]",
        f"从楼上[摔跌]|[摔跌]下[楼来去]|坠楼|{_PERSON}掉下来|摔[伤断晕昏]|骨折(?!后)|受伤了|砸伤|砸到人|咬伤",
        "烫伤|烧伤|[要快]生了(?![锈虫病火])|羊水破|中毒|抽搐|口吐白沫|冻[僵伤]|心梗|心肌梗|心脏病[犯发]|犯心脏病",
        "心跳[停没]|呼吸困难|[叫喊]不醒|不省人事|失去意识|没有?意识|休克|窒息|噎[住着]",
        "(?:老人|爷爷|奶奶|老伴|[我他她][爸妈]|孩子)(?:在家|躺着|怎么[叫喊]都?)*没有?反应",
        f"{_PERSON}(?:[快要]|已经|好像|都)*不行了|{_PERSON}(?:都)?[快要]+死了",
        other=r"قۇتقۇزۇش|يارىدار|ھوشسىز|قان\b|جەدەل جاردەم|جاراقات"
        r"|unconscious|(?:not|stopped) breathing|can(?:not| not|['’]?t) breathe"
        r"|(?:trouble|difficulty|problems) breathing|(?:is|am|heavily) bleeding|bleeding heavily"
        r"|heart attack|chest pains?\b|having a stroke|had a stroke|seizure|choking|in labou?r\b"
        r"|fainted|passed out|(?:is|was|are|badly|seriously|been|got) (?:injured|hurt)\b"
        rf"|{_ENGLISH_WHO} (?:\w+ )?(?:(?:has|have|had|is|was|just|suddenly) )*collaps(?:ed|ing)\b"
        rf"|{_ENGLISH_WHO} (?:\w+ ){{0,3}}(?:lying|collapsed) (?:on|in|at|there)\b"
        rf"|{_ENGLISH_WHO} (?:\w+ ){{0,2}}(?:fell|fallen) (?:from|off|out of|down)\b"
        r"|(?:fell|fallen|falls|slipped|lying)\b[^.!?]{0,60}(?:can(?: ?not|['’]?t)"
        r"|could(?: not|n['’]?t)|unable to|not able to) (?:get|stand|move)"
        r"|(?:won['’]?t|does(?: not|n['’]?t)|cannot|can['’]?t) wake up|broke (?:his|her|my|a) "
        r"(?:leg|arm|hip|back|neck)",
    ),
    _kind(
        "self_harm",
        _("我们陪您：先打这个电话；身边有人的，请别走开。"),
        "110 120",
        "跳楼|跳河|跳井|[要想]跳下[去来]|站在(?:楼顶|天台)|想死|死了算了|不想活|活够了|活不下去|自杀|割腕|喝农药"
        "|上吊|轻生|寻短见|自残",
        other=r"ئۆلۈۋال|suicid|kill (?:my|him|her)self|want to die|end (?:my|his|her) life"
        r"|jump(?:ing)? (?:off|from) (?:the |an? )?(?:roof|building|window|bridge|balcony)"
        r"|do(?: not|n['’]?t) want to live",
    ),
    _kind(
        "traffic",
        _("先打122；有人受伤打120，别随便搬动伤者。"),
        "122 120",
        f"撞车|撞[了到伤倒]?(?:了)?{_PERSON}|撞[伤死]|被{_GAP}{{0,3}}车撞|车祸|翻车|车翻了|相撞|肇事|出了?交通事故",
        other=r"ماشىنا\w* (?:\w+ )*سوقۇل|كولىك\w* (?:\w+ )*سوق"
        r"|(?:car|road|traffic) accident|car crash|run over by"
        r"|hit by (?:an? |the )?(?:car|bus|truck|lorry|van|bike|scooter|motor\w+)"
        r"|cars? (?:have |has )?(?:collided|crashed|overturned)",
    ),
    _kind(
        "stranded",
        _("别离开车和房子，注意保暖，打电话说清位置。"),
        "110 119",
        f"[困陷][在进]{_GAP}{{0,3}}[雪山]|雪{_GAP}{{0,3}}(?:困(?!难)|陷)|暴风雪",
        f"(?:放羊|放牧|转场|牧民|进山){_GAP}{{0,9}}没有?回来",
        "(?:老人|孩子|爷爷|奶奶|老伴)没有?回来",
        other=r"(?:stuck|trapped|stranded|lost) in (?:the |deep |heavy )*(?:snow|mountains)"
        r"|snowstorm|blizzard",
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
_OTHER = re.compile("[a-z\u0600-\u06ff]")
"""A Latin or Arabic letter; without one only Chinese words are looked for."""
_known: dict[bytes, bool] = {}


MAX_LENGTH = 2000
"""How much of a text is read: as long as a report may be. Longer ones are refused later."""


def kinds_in(text: str) -> list[DangerKind]:
    """Return the kinds of danger that words point to, in the order of `KINDS`."""
    lines = "，".join(text[:MAX_LENGTH].splitlines())
    folded = danger_spelling.unify(text_forms.fold_search_text(lines))
    kinds = _named(KINDS, folded)  # most texts name none, and need not be read for denials
    return _named(kinds, _HARMLESS.sub("，", folded)) if kinds else []


def _named(kinds: Iterable[DangerKind], folded: str) -> list[DangerKind]:
    joined = folded.replace(" ", "")
    return [kind for kind in kinds if kind.is_in(folded, joined)]


def is_dangerous(text: str) -> bool:
    """Tell whether words point to a danger, for the rows of a list.

    The answer is cached by a digest of the text, so that a process keeps no words of residents.
    """
    digest = blake2b(text.encode(), digest_size=16).digest()
    answer = _known.get(digest)
    if answer is None:
        if len(_known) >= CACHE_SIZE:
            _known.clear()
        answer = _known[digest] = bool(kinds_in(text))
    return answer
