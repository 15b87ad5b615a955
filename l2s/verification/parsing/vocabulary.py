"""Vocabulary: the words that mean something in a formula, and the short ones that tell a sentence from a product."""

import re

from l2s.verification.parsing.units import is_unit

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau "
    "upsilon chi psi omega varphi Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega pi infty ell "
    "hbar uniti unitj unitk emptyset aleph nabla partial angle triangle ldots cdots dots star"
)
GREEK = frozenset(_GREEK_NAMES.split())
_FUNCTION_NAMES = (
    "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth asin acos atan ln log lg exp sqrt abs floor ceil"
    " max min gcd lcm binom det Re Im arccot arcsec arccsc arsinh arcosh artanh sgn"
    " sech csch cis arcsinh arccosh arctanh cosec cosech cotan tg ctg arctg arcctg asinh acosh atanh cbrt factorial"
)
FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_OTHER_NAMES = """
le leq leqslant
ge geq geqslant
ne neq
< lt
> gt
infty infinity oo inf
* times cdot ast cdotp
/ div
\\{ lbrace
\\} rbrace
[ lbrack
] rbrack
( lparen
) rparen
| vert lvert rvert mid
arcsin asin Arcsin arsin
arccos acos Arccos arcos
arctan atan arctg Arctan arctg
arccot acot arcctg
arcsinh arsinh asinh arsh sinh^-1
arccosh arcosh acosh arch
arctanh artanh atanh arth
csc cosec
csch cosech
tan tg
cot ctg cotan cotg
sinh sh
cosh ch
frac tfrac
binom dbinom tbinom
emptyset varnothing oslash
cup union
cap intersect
to rightarrow
setminus backslash
' prime
circ degree deg
: colon
epsilon varepsilon
varphi phi
and land wedge
or lor vee
% pct percent percentage
approx simeq
"""
NAMES = {other: name for name, *others in map(str.split, _OTHER_NAMES.strip().splitlines()) for other in others}
"""Commands and plain words by the one name that the parser knows."""
PLAIN_WORDS = {"pi", "theta", "alpha", "beta", "gamma", "lambda", "infty", "infinity", "inf", "oo", "and", "or", "pm"}
PLAIN_WORDS |= {"cup", "union", "in", "percent", "pct", "percentage", "degrees", "degree", "deg", "frac"} | FUNCTIONS

_SHORT_UNIT_NAMES = "cm mm km ft yd mi kg mg ml hr hrs sec min lb lbs oz mph kmh rad mol yr rpm day per one two six ten"
SHORT_UNITS = frozenset(_SHORT_UNIT_NAMES.split())
"""Plain words of two or three letters that are units (or numbers), not products of variables."""

_SHORT_WORD_NAMES = (
    "an as at be by do go he hi if is it me my no of oh ok on or so to up us we am are and all any ask ate bad bag bed"
    " big bit box boy bus but buy can car cat cow cut dad did dog dry due egg end eye far fat few fit fix for fox fun"
    " get god got gun guy had has hat her him his hit hot how ice ill its job joy key kid law lay led let lie lot low"
    " mad man map may men met mix mom mud new non nor not now nut odd off oil old one our out own pat pay pen pet pie"
    " pig pot put ran rat raw red row run sad sat saw say sea see set she sir sit sky son sum sun tap tax tea ten the"
    " tie tip toe too top toy try two six use van via war was way wet who why win won yes yet you zip"
)
SHORT_WORDS = frozenset(_SHORT_WORD_NAMES.split())
"""English words of two and three letters; beside longer words, or alone, they are words and no products."""

_DIGITS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|zero"
_PARTS = "thirds|fourths|fifths|sixths|sevenths|eighths|ninths|tenths|hundredths|thousandths"
_ALTERING = re.compile(
    rf"(?:squared|cubed|factorial|hundred|pi|plus|minus|divided|and|or|{_PARTS})\b"
    rf"|(?:times|over|point) (?:[b-z]|{_DIGITS})\b"
    r"|.*(?:\bthan\b|\b(?:is|are|was|do|does) not\b|n['’]t\b|\b(?:wrong|incorrect|excluded)\b)",
    re.IGNORECASE,
)
"""Words behind a number that make another value of it, or deny it."""


def alters(words: str) -> bool:
    """Whether words behind a number are no unit and no counted thing but part of its value: ``5 squared``."""
    return bool(_ALTERING.match(words))


def is_word(run: str) -> bool:
    """Whether a run of letters is a word of a language rather than a product, a function or a unit."""
    lower = run.lower()
    if not run.isascii():
        return True
    if len(run) < 2 or lower in PLAIN_WORDS or lower in GREEK or lower in NAMES:
        return False
    if run.isupper():
        return False
    if len(run) < 4:
        return lower in SHORT_WORDS or (run[0].isupper() and run[1:].islower() and not is_unit(run))
    return not is_unit(run)
