r"""Patterns of running text that hold a value: numbers with their units, formulas, equations, denials. Data only."""

import re

WORD = re.compile(r"(?<![A-Za-z\\{])(?!(?:sqrt|sin|cos|tan|log|frac)\b)[A-Za-z]{3,}|[^\W\d_A-Za-z]{2,}")
SPAN = re.compile(
    r"\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]|\$\$([^$]{1,400})\$\$|(?<!\\)\$((?:[^$\\]|\\.){1,400}?)\$(?![0-9])",
    re.DOTALL,
)
NUMBER = (
    r"[-−]?(?:(?:\\?\$|[€£¥₹]) ?)?[0-9](?:[0-9,]{0,30}[0-9])?(?:\.[0-9]{1,30})?(?:/[0-9]{1,20}| ?: ?[0-9]{1,6})?"
    r"(?: ?\\?%| (?:hundred|thousand|million|billion|trillion)\b| ?[AaPp](?:\.[Mm]\b\.?|[Mm]\b))?"
)
"""A number in running text, with its money or percent sign, or the half of its day."""
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DAY = r"[0-9]{1,2}(?:st|nd|rd|th)?"
ENDS_ON_DATE = re.compile(rf"\b({_MONTH} {_DAY}(?:,? [0-9]{{4}})?|{_DAY} (?:of )?{_MONTH}(?:,? [0-9]{{4}})?)$")
ENDS_ON_POINT = re.compile(
    r"(?:\b(?:is|are|at|be|equals|point|center|vertex|solution)|=) ?([(\[]-?[0-9][-0-9., /π√]*[)\]])$"
)
ENDS_ON_ROOT = re.compile(
    r"(?:\b(?:is|are|be|equals)|=) ?([-−]?[0-9./()+ -]*[√π½¼¾⅓⅔][0-9.√π()/+ -]*"
    r"(?: (?:square |cubic )?[a-z]{1,12}[²³]?)?)$"
)
ENDS_ON_SHARE = re.compile(
    r"\bis (?:about |exactly )?([0-9]{1,9} (?:in|out of) [0-9]{1,9})$"
    r"|\bratio [^.]{0,80}?\bis ([0-9]{1,9} to [0-9]{1,9})$"
)
ENDS_ON_WEEKDAY = re.compile(
    r"\b(?:is|was|be|falls? on|(?:is|was|be) on) (?:an? )?((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)$"
)
ENDS_ON_REMAINDER = re.compile(
    r"(?<![\w.])([0-9]{1,15},? (?:(?:with |and )?(?:a |the )?remainder(?: of| is)?|R|r) ?[0-9]{1,15})$"
)
UNIT = r" ?[A-Za-z]{2,14}(?:\^\{?[23]\}?|[²³])?(?:/[A-Za-z]{1,5}(?:\^\{?2\}?|²)?)?"
ENDS_ON_NUMBER = re.compile(
    rf"(?:^|(?<![0-9])[:：]|[\s=（(是为為有了は約약])({NUMBER})({UNIT}| ?[^\W\d_a-zA-Z]{{1,4}})?$"
)
EQUATION = re.compile(rf"= ?({NUMBER})((?: [A-Za-z%°'-]{{1,20}}){{0,12}})$")
MINUS_IN_WORDS = re.compile(
    r"\b(?:negative|(?<=is )minus|(?<=are )minus|(?<=be )minus|(?<=to )minus) (?=[0-9])", re.IGNORECASE
)
CLAUSE = re.compile(r"(?:,? (?:so|thus|hence|therefore|which means|which gives)|, giving)[ ,]+(?=\S)")
CALCULATOR = re.compile(r"<<[^<>\n]{1,80}>>")
NOT = r"(?:\b(?:not|cannot|never|nicht|kein|n'est pas|no es|não é|non è|не)|n['’]t|不是|不等于)"
DENIAL = re.compile(
    r"\b(?:neither|nor|either|maybe|perhaps|unlikely|unsure|not (?:sure|certain)|wrong|incorrect|impossible|unless"
    r"|(?:more|less|greater|fewer|larger|smaller|higher|lower) than"
    r"|(?:not the case|false|untrue|nobody (?:says|said|thinks|claims)) that)\b"
    rf"|{NOT}(?: (?!only\b)\w+){{0,3}}[ $*]{{0,3}}[-−]?[0-9]|[0-9][$*]{{0,3}}(?: \w+){{0,3}}? (?:\w+)?{NOT}",
    re.IGNORECASE,
)
SEVERAL = re.compile(rf"(?<![\w.,])({NUMBER}(?:, {NUMBER})*,? (?:and|or) {NUMBER})$")
SEVERAL_NAMED = re.compile(rf"(?<![\w.,])((?:[A-Za-z] ?= ?{NUMBER}(?:,|,? and|,? or) )+[A-Za-z] ?= ?{NUMBER})$")
COUNTED = re.compile(
    rf"({NUMBER})(?: [A-Za-z]{{2,14}}){{0,3}} (?:in total|altogether|in all)\b|\btotal of ({NUMBER})"
    r"|\b(?:pays?|costs?|spends?|earns?|makes?|charges?|saves?|owes?)"
    r" ((?:\\?\$|[€£¥₹]) ?[0-9][0-9,]*(?:\.[0-9]+)?)(?! ?[-+*/×=0-9])"
)
ASIDE_BEFORE = re.compile(
    r"\b(?:for|in|per|after|by|on|during|over|from|with|at|every|out of) (?:the |these |those |all )?$"
    r"|\b(?:after|before|without|besides) \w+ing (?:\w+ )?$"
)
ENDS_ON_LATEX = re.compile(r"(?:\b(?:is|are|equals|be)|=) ?([-+]?[0-9]{0,9}\\[A-Za-z]+\{.{1,150})$")
ANY_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.,^{{/+*<>√-])(?:{NUMBER})(?:(?:st|nd|rd|th)\b)?(?![A-Za-z0-9_/^*+<>√π]|\.[0-9]|[-–][0-9A-Za-z]|:[0-9])"
)
LOOSE_NUMBER = re.compile(rf"(?<![A-Za-z0-9_.,/])(?:{NUMBER})(?![0-9]|\.[0-9])")
TWO_MEASURES = re.compile(rf"(?:^|\s)({NUMBER} [a-z]{{2,14}},? and {NUMBER} [a-z]{{2,14}})$")
JOINT = re.compile(r"(?:,| and|, and| or|, or) (?:the )?")
NAMED_VALUE = re.compile(r"\\?[A-Za-z]{1,10}(?:_\S{1,6})? ?=[^=]+$")
BOLD = re.compile(r"\*\*\s{0,3}([^*\n]{1,200}?)\s{0,3}\*\*")
ADVERB = re.compile(
    r"(?:probably|likely|most likely|simply|just|thus|therefore|then|indeed|exactly|approximately|about|around|roughly"
    r"|also|equal to|given by|only|clearly|still|actually|now|i think|i believe)[,: ]+(?=\S)",
    re.IGNORECASE,
)
DENIED_NUMBER = re.compile(
    rf"(?:,? (?:and |but )?(?:not|rather than|instead of)|^not) (?:an? |the )?{NUMBER}(?:,| but)?", re.IGNORECASE
)
ASIDE_DENIED = re.compile(rf"[（(][^()（）\n]{{0,20}}?{NOT}[^()（）\n]{{0,40}}[)）]", re.IGNORECASE)
REASON_BEHIND = re.compile(
    r", (?:who|whose|since|because|given that) [^,$=\n]{1,120}$"
    r"|, which is [^,]{1,40}\b(?:more|less|fewer|greater|larger|smaller|higher|lower) than [^,]{1,60}$"
)
LED_BY = re.compile(
    r"^(?:(?:so|thus|hence|therefore),? )?(?!for (?:example|instance|now)\b)(?:since|because|given that|as|at|in|after"
    r"|for|with|on|during|over|from|by) "
    r"[^,]{1,120}, (?=[^,]*[0-9])",
    re.IGNORECASE,
)
CONDITION_BEHIND = re.compile(
    r",? (?:(?:attained|achieved|reached|obtained|occurring|which (?:occurs|is (?:attained|achieved|reached))) )?"
    r"(?:when|at|for|where|if) (?:\$|\\\()?[A-Za-z] ?= ?[^$=]{1,20}?(?:\$|\\\))?[.]?$"
)
ASIDE_BEHIND = re.compile(r" \((?:and|with|since|because|where|not|as|which|instead)\b[^()]{1,80}\)[.]?$")
ABOUT_THAT = re.compile(r"(?<=[0-9)π½]) ?(?:≈|≃) ?[-−]?[0-9][0-9.,]*$")
OR_PERCENT = re.compile(r"[0-9.]+,? or (?:equivalently,? |about |approximately )?([0-9.]{1,12} ?\\?%)$")
PACKED = re.compile(rf"(?<![\w.,$])({NUMBER} [a-z]{{2,14}}) of {NUMBER} [a-z]{{2,14}}(?: each)?$")
SAID_BEFORE = re.compile(r"\b(?:is|are|be|equals|equal to|line|function|then|that|by|set|domain|range)\b|: ")
PLAIN_FORMULA = re.compile(r"[-\w\s.,'+−*/^=<>≤≥(){}\[\]∞π√²³×·|]+")
OPERATOR = re.compile(r"[=<>≤≥∞π√^{]|[A-Za-z)] ?[-+−]|[-+−] ?[A-Za-z(]")
FUNCTION_NAME = re.compile(r"sqrt|sin|cos|tan|cot|sec|csc|log|ln|exp|pi")
LONGEST_FORMULA = 80
NO_CONCLUSION = re.compile(
    r"(?:let\b"
    r"|(?:now|next|then|first|second|but|also),? (?:let|we (?:need|must|have to|can)|i\b|if|what)"
    r"|(?:we|i|you) (?:need|must|have to|should|want|will now) (?:to|find)|if\b|suppose\b|assume\b|assuming\b|step\b"
    r"|note\b|wait\b|hmm\b|check|this confirms|recall\b|consider\b|since\b|because\b|given\b|for example\b|question\b"
    r"|problem\b|when\b|see\b|as (?:shown|in|we)\b|refer|unfortunately|sorry|i(?:'m| am) (?:unable|not)|i apolog"
    r"|i (?:can|could|do|did)(?: not|n't)|(?:chapter|section|equation|figure|table) "
    r"|(?:case|part|method) [0-9a-z]{1,3}\b)",
    re.IGNORECASE,
)
ENDINGS = (
    *(OR_PERCENT, PACKED, SEVERAL, SEVERAL_NAMED, ENDS_ON_WEEKDAY, ENDS_ON_DATE, ENDS_ON_POINT, ENDS_ON_ROOT),
    *(ENDS_ON_SHARE, ENDS_ON_REMAINDER),
)
"""What a sentence may end on, in the order it is looked for."""
