r"""Numerals: numbers in words — ``twenty-five``, ``third``, ``two hours``, ``2.5 million``, ``三`` — in digits."""

import re

from l2s.verification.compare.phrases.words import worded

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_NUMBERS = {word: n for n, word in enumerate((_ONES + " eighteen nineteen").split())}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS |= {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_ORDINAL_NAMES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth twentieth"
)
_ORDINALS = {word: n for n, word in enumerate(_ORDINAL_NAMES.split(), 1)}
_FRACTIONS = {name: n for name, n in _ORDINALS.items() if n > 2} | {"half": 2, "halve": 2, "quarter": 4}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6}
_SCALED = re.compile(
    r"\\?\$?\s?([0-9]{1,12}(?:,[0-9]{3})*)(?:\.([0-9]{1,12}))? (hundred|thousand|million|billion|trillion)"
    r"(?: [A-Za-z]+)?"
)
_DOZENS = re.compile("([0-9]{1,12}|a|one) dozens?(?: [a-z]+)?")
_POWERS = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_CHINESE = {word: str(n) for n, word in enumerate("零一二三四五六七八九十")}


def numeral(text: str) -> str | None:
    """Digits for a number in English or Chinese words, e.g. ``twenty-five``; None if it is none."""
    words = worded(text).lower().replace("-", " ").replace(" and ", " ").split()
    if len(words) == 1 and words[0] in _CHINESE:
        return _CHINESE[words[0]]
    if not 0 < len(words) <= 8 or not set(words) <= _NUMBERS.keys() | _SCALES.keys():
        return None
    total, part, last = 0, 0, 1000
    for word in words:
        if word in _SCALES:
            scale = _SCALES[word]
            part = max(part, 1) * scale
            if scale > 100:
                total, part = total + part, 0
            last = 1000
            continue
        value = _NUMBERS[word]
        if value >= last or (last < 1000 and (last < 20 or value > 9)):
            return None
        part, last = part + value, value
    return str(total + part)


def counted(text: str) -> str | None:
    """``two hours`` and ``three quarters`` with their number in digits; None if no number stands first."""
    words = worded(text).replace("-", " ").split()
    if words in (["half"], ["Half"]):
        return "1/2"
    if len(words) == 2 and words[0] in ("a", "an", "A") and words[1] in _FRACTIONS:
        return f"1/{_FRACTIONS[words[1]]}"
    if not 2 <= len(words) <= 8 or "\\" in worded(text):
        return None
    parts = _FRACTIONS.get(words[-1].lower().removesuffix("s"))
    above = numeral(" ".join(words[:-1]))
    if parts and above:
        return f"{above}/{parts}"
    for count in range(len(words) - 1, 0, -1):
        if digits := numeral(" ".join(words[:count])):
            return rf"{digits} \text{{{' '.join(words[count:])}}}"
    return None


def ordinal(text: str) -> str | None:
    """Digits for an ordinal in a word, ``third``; None if it is none."""
    words = worded(text).lower().replace("-", " ").removeprefix("the ").split()
    if not words or len(words) > 4 or words[-1] not in _ORDINALS:
        return None
    last = _ORDINALS[words[-1]]
    if len(words) == 1:
        return str(last)
    before = numeral(" ".join(words[:-1]))
    return str(int(before) + last) if before and int(before) % 10 == 0 and last < 10 else None


def scaled(text: str) -> str | None:
    """Digits for a number with its scale in a word, e.g. ``2.5 million``; None if it is none."""
    if "dozen" in text and (dozens := _DOZENS.fullmatch(worded(text).lower())):
        return str(12 * (int(dozens[1]) if dozens[1].isdigit() else 1))
    if "illion" not in text and "thousand" not in text and "hundred" not in text:
        return None
    found = _SCALED.fullmatch(worded(text).lower())
    if found is None:
        return None
    whole, places, power = found[1].replace(",", ""), found[2] or "", _POWERS[found[3]]
    digits = whole + places.ljust(power, "0")
    return digits if len(places) <= power else f"{digits[: len(whole) + power]}.{digits[len(whole) + power :]}"
