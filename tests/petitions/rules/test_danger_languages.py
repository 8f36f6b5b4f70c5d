"""Words in English, Uyghur and Kazakh that point to each kind of danger."""

from __future__ import annotations

from petitions.rules import danger

DANGERS = {
    "fire": ("Smoke from the third floor", "ئۆيگە ئوت كەتتى", "ۇيدە ءورت شىقتى"),
    "gas": ("There is a gas leak", "گازنىڭ پۇرىقى، گاز پۇراق"),
    "trapped": ("Two people are stuck in the lift",),
    "electricity": ("A live wire hangs over the path",),
    "collapse": ("The wall has collapsed",),
    "injury": ("My father is unconscious", "يارىدار بار"),
    "self_harm": ("She wants to kill herself",),
    "violence": ("A man with a knife", "ئوغرى كىردى"),
    "traffic": ("A boy was hit by a car",),
    "fraud": ("I think the call was a scam",),
}


def test_each_kind_is_recognised_in_other_languages() -> None:
    found = {
        text: [kind.code for kind in danger.kinds_in(text)]
        for texts in DANGERS.values()
        for text in texts
    }
    assert found == {text: [code] for code, texts in DANGERS.items() for text in texts}
