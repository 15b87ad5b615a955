r"""Spelling: one way of writing what people write in many ways, before a formula is read.

Only what carries no meaning is changed: invisible characters, sizing, spacing, fonts, the signs of Unicode
for which LaTeX has a command. Every pass is linear in the length of the text.
"""

import re
from functools import lru_cache
from unicodedata import normalize

from l2s.verification.parsing.environments import unrolled
from l2s.verification.parsing.normalised import FRAC, INVISIBLE, PAIRS
from l2s.verification.parsing.phrases import rephrased

_SIGNS = {
    **{"﹣": "-", "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot "},
    **{"÷": "/", "∕": "/", "⁄": "/", "√": r"\sqrt ", "π": r"\pi ", "∞": r"\infty ", "±": r"\pm ", "∓": r"\mp "},
    **{"≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "≡": r"\equiv "},
    **{"∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "°": r"^\circ ", "℃": r"^\circ C"},
    **{"θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "λ": r"\lambda ", "φ": r"\varphi "},
    **{"ℝ": r"\mathbb{R}", "，": ", ", "；": "; ", "：": ":", "（": "(", "）": ")", "、": ", ", "％": "%", "＝": "="},
    **{"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "’": "'", "′": "'", "“": '"', "”": '"', "。": "."},
    **{"或": r"\text{ or }", "和": r"\text{ and }", "…": r"\ldots ", "⟨": r"\langle ", "⟩": r"\rangle "},
    **{"＋": "+", "－": "-", "／": "/", "０": "0", "１": "1", "２": "2", "３": "3", "４": "4", "５": "5", "６": "6"},
    **{
        "７": "7",
        "８": "8",
        "９": "9",
        "．": ".",
        "［": "[",
        "］": "]",
        "｛": r"\{",
        "｝": r"\}",
        "＜": "<",
        "＞": ">",
    },
}
_FRACTIONS = {
    chr(code): normalize("NFKC", chr(code)).partition("⁄") for code in (0xBC, 0xBD, 0xBE, *range(0x2150, 0x215F))
}
_SIGNS |= {sign: rf"\frac{{{above}}}{{{below}}} " for sign, (above, _, below) in _FRACTIONS.items()}
_TRANSLATION = str.maketrans(_SIGNS)
_RAISED, _LOWERED = re.compile("[⁰¹²³⁴-⁹⁺⁻ⁿ]+"), re.compile("[₀-₉₊₋ₙ]+")
_MICRO = re.compile(r"(?<=[0-9]) ?[μµ]([mgslLACFVWNJ])(?![A-Za-z])")
_DOUBLED = re.compile(r"\\\\(?=[A-Za-z])")
_DOUBLED_IN_ROWS = re.compile(r"\\\\(?=(?:[dt]?frac|sqrt|cdot|pi|sin|cos|tan|ln|log|text|end)(?![A-Za-z]))")
_SIZING = re.compile(
    r"\\(?:left|right|middle|displaystyle|textstyle|limits|nolimits|[bB]igg?[lrm]?|boldsymbol|bm|rm|bf|it|mathsf"
    r"|mathrm(?=\{\\)|displaylimits|protect|hfill|noindent|centering"
    r"|[hH]uge|[lL]arge|LARGE|small|tiny|normalsize)(?![A-Za-z])\s{0,9}\.?(?<![0-9]\.)|(?<!\\)\\!\s{0,9}"
)
_LINES = re.compile(r"(?<!\$)\$[ \t]*\n\s*\$(?!\$)")
"""Between two formulas, each on its line."""
_APART = re.compile(r"(?<=[^\s,;&{(\\])\s*\\q?quad\s*(?=[A-Za-z](?:_\{?\w\}?)?\s*=)")
"""Before the next of several equations that a space alone parts."""
_SPACES = re.compile(r"(?:(?<!\\)\\[,;:> ]|\\q?quad|\\(?:thinspace|enspace|hspace\{[^{}]{0,20}\})(?![A-Za-z])|~|\s)+")
_FONT = re.compile(
    r"\\(?:mathbf|mathit|mathcal|mathnormal|mathtt|underline|vec|overrightarrow|hat|tilde)\s?\{([^{}]*)\}"
)
_TEXT = re.compile(r"\\(?:text(?:rm|bf|it|sf|tt|normal|normal)?|textnormal|mbox|hbox|mathrm|operatorname\*?)\s?\{")
_BARE_FONT = re.compile(r"\\(?:mathrm|mathbf|mathit|text|operatorname)\s?([A-Za-z0-9])(?![A-Za-z])")
_BOX = re.compile(r"\\(?:boxed|fbox)\s?\{")
_THOUSANDS = re.compile(r"(?<=[0-9])(?:\s?\{,\s?\}|\\,|,?\\!|,\\ )\s?(?=[0-9]{3}(?![0-9]))")
_CHOOSE = re.compile(r"\{([^{}]{1,40})\\choose(?![A-Za-z])([^{}]{1,40})\}")
_ROW_END = re.compile(r"\\cr(?![A-Za-z])")
_OVER = re.compile(r"\{([^{}]{0,200})\\over(?![A-Za-z])([^{}]{0,200})\}")
_HALF_DAY = re.compile(r"(?<=:[0-9]{2}) ?\\?(?:text\{ ?)?([AaPp])\.? ?[Mm]\.?\}?$")
_REPEATING = re.compile(r"([0-9]*)\.([0-9]*)\\(?:overline|bar|dot)\s?\{?([0-9]+)\}?")
_BETWEEN_DOTS = re.compile(r"\\dot\s?\{?([0-9])\}?([0-9]{0,20})\\dot\s?\{?([0-9])\}?")
_PERIOD = re.compile(r"(?<![0-9.])([0-9]{1,20})\.([0-9]{0,20})\(([0-9]{1,20})\)$")
_AND_SO_ON = re.compile(r"(?<=[,+]) ?\.\.\.")
_GOES_ON = re.compile(
    r"(?<![0-9.,])([0-9]{0,20})\.([0-9]{0,20}?)([0-9]{1,6}?)\3{2,20}(?:\s?\\[lc]?dots(?![A-Za-z])|\.\.\.)"
)
"""Digits that stand three times before an ellipsis."""
_ANNOUNCEMENT = re.compile(
    r"^(?:the )?(?:final )?(?:solutions?|answers?)(?: set)? ?(?:is|are)? ?:? ?(?=\S)", re.IGNORECASE
)


@lru_cache(maxsize=2048)
def spelled(text: str) -> str:
    r"""``text`` with one sign for each meaning: no ``$``, sizing or fonts; ``\frac``, ``\text{…}``, single spaces."""
    text = INVISIBLE.sub("", text)
    if not text.isascii():
        text = _LOWERED.sub(lambda run: f"_{_group(run[0])}", _RAISED.sub(lambda run: f"^{_group(run[0])} ", text))
        text = _MICRO.sub(r" \\text{μ\1}", text.translate(_TRANSLATION))
    text = _THOUSANDS.sub("", text.strip())
    if text.endswith((")", "dots", "...", "dots$", "...$")):
        text = _GOES_ON.sub(_repeated, _PERIOD.sub(_repeated, text))
    if "..." in text:
        text = _AND_SO_ON.sub(r"\\ldots ", text)
    if r"quad" in text:
        text = _APART.sub(", ", text)
    if "\\" in text:
        text = _without_macros(text)
    if "$" in text:
        text = _undollared(text)
    text = _SPACES.sub(" ", text).strip()
    if text[:1].isalpha():
        text = _ANNOUNCEMENT.sub("", text)
    text = rephrased(_HALF_DAY.sub(r"\\text{ \1m}", text))
    return text.strip('" ').rstrip(".。\\ ")


def _group(run: str) -> str:
    """Raised or lowered signs as plain ones; in braces where there are several."""
    plain = normalize("NFKC", run)
    return plain if len(plain) == 1 else f"{{{plain}}}"


def _without_macros(text: str) -> str:
    if r"\begin" in text and r"\\begin" not in text:
        text = unrolled(_ROW_END.sub(r"\\\\", text))
    if r"\\begin" in text:
        text = text.replace(r"\\", "\\")
    else:
        text = (_DOUBLED_IN_ROWS if r"\begin" in text else _DOUBLED).sub(r"\\", text)
    text = FRAC.sub(r"\\frac", _SIZING.sub("", text))
    text = _CHOOSE.sub(r"\\binom{\1}{\2}", text)
    text = _OVER.sub(r"\\frac{\1}{\2}", text)
    text = _REPEATING.sub(_repeated, _BETWEEN_DOTS.sub(r"\\overline{\1\2\3}", text) if r"\dot" in text else text)
    if r"\boxed" in text or r"\fbox" in text:
        text = _unboxed(text)
    for opening, closing in PAIRS[2:]:
        if text.startswith(opening) and text.endswith(closing):
            text = text[2:-2]
    text = re.sub(r"(?<!\\)\\[()\[\]]", "", text) if r"\begin" not in text else text
    text = _BARE_FONT.sub(r" \1", text)
    return _TEXT.sub(r"\\text{", _FONT.sub(r"\1", text))


def _unboxed(text: str) -> str:
    """Without boxes, their content left; the braces of a box become a group where they do not close."""
    parts, position = [], 0
    while match := _BOX.search(text, position):
        depth, end = 1, match.end()
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if depth:
            break
        parts += [text[position : match.start()], text[match.end() : end - 1]]
        position = end
    return "".join([*parts, text[position:]])


def _repeated(match: "re.Match[str]") -> str:
    r"""``0.1\overline{6}``, ``0.1(6)`` and ``0.1666\ldots`` as the fraction they are."""
    whole, once, again = match.groups()
    nines = 10 ** len(again) - 1
    above = int(whole or 0) * nines * 10 ** len(once) + int(once or 0) * nines + int(again)
    return rf"\frac{{{above}}}{{{nines * 10 ** len(once)}}}"


def _undollared(text: str) -> str:
    r"""Without mathematics' own dollars; ``\$`` stays, and a lone dollar stands for money."""
    bare = _LINES.sub("$, $", text.replace(r"\$", "\x01"))
    if bare.count("$") == 1:
        return text
    return bare.replace("$", " ").replace("\x01", r"\$").strip()
