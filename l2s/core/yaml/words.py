"""Plain words of YAML: what each stands for, and which stand for different things to different readers.

Compared are PyYAML (YAML 1.1; mergekit and most of Python) and ruamel.yaml (YAML 1.2; DVC, which reads params.yaml).
"""

import re

DIGITS = 400
"""Most of a number."""
NULL = re.compile(r"|~|null|Null|NULL")
SWITCH = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+(?:[eE][-+][0-9]+)?)")
ODD_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
"""What is no number of JSON; the blocks of parameters refuse it."""
OLD_SWITCH = re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF")
UNCLEAR = re.compile(
    r"""[-+]?0b[01_]+ | [-+]?0o?[0-7_]+ | (?:[-+][0-9_]|[0-9])[0-9_]* | [-+]?0x[0-9a-fA-F_]+
    | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+ | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    | [-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)? | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
    | [-+]?\.[0-9_]+(?:[eE][-+]?[0-9]+)?
    | [0-9]{4}-[0-9][0-9]?-[0-9][0-9]?
      (?:(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)?
    | = | <<""",
    re.VERBOSE,
)
"""Numbers of another base or with marks between digits, minutes, dates: where it is none of the forms above."""


def value_of(word: str) -> str | int | float | bool | None:
    """What a plain word stands for, to every reader; itself where it is text, or unclear."""
    if NULL.fullmatch(word):
        return None
    if SWITCH.fullmatch(word):
        return word.lower() == "true"
    if INTEGER.fullmatch(word) and len(word) <= DIGITS:
        return int(word)
    if NUMBER.fullmatch(word) or ODD_NUMBER.fullmatch(word):
        return float(word.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return word


def unclear(word: str) -> str | None:
    """Of a plain word that is read in more than one way: how to mend it; None of all others."""
    if OLD_SWITCH.fullmatch(word):
        return f"{word} is a switch by YAML 1.1 and a word by 1.2; quote it, '{word}', or write true or false"
    if INTEGER.fullmatch(word) and len(word) > DIGITS:
        return f"a number of {len(word)} digits; quote it if it is text"
    clear = any(form.fullmatch(word) for form in (NULL, SWITCH, INTEGER, NUMBER, ODD_NUMBER))
    if not clear and UNCLEAR.fullmatch(word):
        return f"{word:.60} is not the same by YAML 1.1 and 1.2; quote it, '{word:.60}', or write a number in digits"
    return None


def no_name(word: str) -> str | None:
    """Of a plain word before a colon that some reader does not take for text: how to mend it."""
    if not word:
        return "a name is missing before the colon"
    if isinstance(value_of(word), str) and unclear(word) is None:
        return None
    return f"{word:.60} as a name is no text to every reader of YAML; quote it: '{word:.60}'"
