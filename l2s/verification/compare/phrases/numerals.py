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
_FRACTIONS |= {"hundredth": 100, "thousandth": 1000}
_THINGS = ("quarters", "halves")
"""Fractions that are things to count too: coins, parts of a game."""
_MINUS = ("minus", "negative")
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6}
_SCALED = re.compile(
    r"\\?\$?\s?([0-9]{1,12}(?:,[0-9]{3})*)(?:\.([0-9]{1,12}))? (hundred|thousand|million|billion|trillion)"
    r"(?: [A-Za-z]+)?"
)
_DOZENS = re.compile("([0-9]{1,12}|a|one) dozens?(?: [a-z]+)?")
_POWERS = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_CHINESE = {word: str(n) for n, word in enumerate("零一二三四五六七八九十")}


def numeral(text: str) -> str | None:
    """Digits for a number in words, ``twenty-five``, ``minus five point two``, ``三``; None if it is none."""
    words = worded(text).lower().replace("-", " ").replace(" and ", " ").split()
    if len(words) == 1 and words[0] in _CHINESE:
        return _CHINESE[words[0]]
    if len(words) == 2 and words[0] in _MINUS and words[1].isdecimal():
        return f"-{words[1]}"
    if words and words[0] in _MINUS:
        found = _decimal(words[1:])
        return f"-{found}" if found else None
    return _decimal(words)


def _decimal(words: list[str]) -> str | None:
    """Digits for words with "point" among them or without."""
    if "point" not in words:
        return _whole(words)
    place = words.index("point")
    whole, places = _whole(words[:place]), [_NUMBERS.get(word, 10) for word in words[place + 1 :]]
    return f"{whole}.{''.join(map(str, places))}" if whole and places and max(places) < 10 else None


def _whole(words: list[str]) -> str | None:
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
    """``two hours``, ``three quarters``, ``two and a half hours`` in digits; None if no number stands first."""
    words = worded(text).replace("-", " ").split()
    if words in (["half"], ["Half"]):
        return "1/2"
    if not 2 <= len(words) <= 8 or "\\" in worded(text):
        return None
    lower = [word.lower() for word in words]
    if found := _mixed(lower) or _parts(lower):
        return found
    for count in range(len(words) - 1, 0, -1):
        if digits := _mixed(lower[:count]) or numeral(" ".join(words[:count])):
            return rf"{digits} \text{{{' '.join(words[count:])}}}"
    return None


def _parts(words: list[str]) -> str | None:
    """``three quarters``, ``a half`` and ``5 hundredths`` as fractions; None if they are none."""
    below, above = _FRACTIONS.get("".join(words[-1:]).removesuffix("s")), words[:-1]
    if not below or not above:
        return None
    if above in (["a"], ["an"]):
        return f"1/{below}"
    if above[0].isdecimal():
        counts = len(above) == 1 and words[-1].endswith("s") and words[-1] not in _THINGS
        return f"{above[0]}/{below}" if counts else None
    digits = numeral(" ".join(above))
    return f"{digits}/{below}" if digits else None


def _mixed(words: list[str]) -> str | None:
    """``two and a half`` as ``2 1/2``; None if it is no such number."""
    if "and" not in words:
        return None
    place = words.index("and")
    whole = words[0] if place == 1 and words[0].isdecimal() else numeral(" ".join(words[:place]))
    part = _parts(words[place + 1 :])
    return f"{whole} {part}" if whole and part else None


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
