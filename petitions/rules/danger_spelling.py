"""Spellings of the danger words: traditional characters, and characters that sound alike.

The table holds the traditional characters of the danger words and of the words beside them.
"""

from __future__ import annotations

import re

_TRADITIONAL = (
    "氣煙災電觸燒樓牆墻頂陽臺檯著聞洩瀉線桿斷壓橋樹廣來裏裡進門關開報響頭暈惡車動傷殺搶竊騙詐"
    "賬帳轉夾從滾兩飛見誰還沒無發現處會這滅濃嗆霧滿間單戶強體墜塊縫傾樑構雜東爐竈鋼鍋鐵過"
    "為爲熱閥嗎說請給媽爺孫兒遠總緊難鄰寶師婦親廳廚廁衛溝蓋險擔萬預練習邊壞離風導檢測懸欄鎖"
    "搖聲聽嚴凍沖衝雞貓傢歲尋盜脅蹤綁鬧賣圍剝脫鬆個們塵瘋擊漢頓變幾應該幫護閃爾擋挾區樣舊帶"
    "時點隻髒鏽顆噴塗屍溫淺乾佔籬倆將後倉庫當場連續傳統鑽鏟彈螢纜絲絕緣瓏籠灣濺擰馬燻"
)
_SIMPLIFIED = (
    "气烟灾电触烧楼墙墙顶阳台台着闻泄泄线杆断压桥树广来里里进门关开报响头晕恶车动伤杀抢窃骗诈"
    "账账转夹从滚两飞见谁还没无发现处会这灭浓呛雾满间单户强体坠块缝倾梁构杂东炉灶钢锅铁过"
    "为为热阀吗说请给妈爷孙儿远总紧难邻宝师妇亲厅厨厕卫沟盖险担万预练习边坏离风导检测悬栏锁"
    "摇声听严冻冲冲鸡猫家岁寻盗胁踪绑闹卖围剥脱松个们尘疯击汉顿变几应该帮护闪尔挡挟区样旧带"
    "时点只脏锈颗喷涂尸温浅干占篱俩将后仓库当场连续传统钻铲弹萤缆丝绝缘珑笼湾溅拧马熏"
)
_TO_SIMPLIFIED = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_STEAM_FOR_GAS = re.compile("(?<=[煤燃然化])汽(?![车油])")


def unify(folded: str) -> str:
    """Return a text in simplified characters, with 煤气 for 煤汽; its length stays."""
    return _STEAM_FOR_GAS.sub("气", folded.translate(_TO_SIMPLIFIED))
