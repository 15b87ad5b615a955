r"""Claims: what a response concludes in words — "the equation has no solution", "so the function is even".

Only the last sentence counts, and only as a whole: a well-known claim whatever leads to it, any other predicate
behind a word that concludes. What the text gives up on, or leaves open, claims nothing.
"""

import re

_NONE = r"(?:real |integer |rational |positive |valid |other |such )?(?:solutions?|roots?|answers?)"
_KNOWN = re.compile(
    rf"\b(?:(?:has|have|there (?:is|are|exists?)) (?P<none>(?:no|infinitely many|exactly one|a unique) {_NONE})"
    rf"|(?P<exists>(?:no|infinitely many) {_NONE}) exists?"
    r"|(?P<said>(?:does not|doesn't) exist|is undefined|is not defined"
    r"|(?:(?:does not|doesn't) )?(?:converge|diverge)s?(?: absolutely| conditionally)?))"
    r"(?: (?:to|for|of|in) (?:the|this|these|that) (?:given |original )?(?:equation|system|inequality|problem)s?)?$",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(r"^(?:so|thus|hence|therefore|consequently|in conclusion|we conclude that),? ", re.IGNORECASE)
_PREDICATE = re.compile(
    r"^(?:(?:so|thus|hence|therefore|that),? )*(?:the |this |that |our )?(?:[A-Za-z]+ ){0,5}?(?:is|was|are|were) "
    r"(?P<said>(?:an? |the )?(?:[A-Za-z][A-Za-z'-]* ?){1,3})$",
    re.IGNORECASE,
)
_ABOUT_THE_WORK = re.compile(
    r"(?:now |all )?(?:solved|clear|done|complete|completed|finished|correct|verified|confirmed|answered|obvious|simple"
    r"|above|below|as follows|as required|what we want|the answer|the result|the solution)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:if|unless|whether|when|might|may|could|would|suppose|assume|maybe|perhaps|cannot|can't)\b", re.I
)
_DECIDED = re.compile(r"\s{0,9}\**(Yes|No|True|False)\b\**\s?[,.!:;]")
_IN_LETTERS = re.compile(
    r"(?:(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand)[ -]?){1,6}\.?",
    re.IGNORECASE,
)
_NO_ANSWERS = frozenset(
    ["Done", "Ok", "Okay", "Sure", "Finished", "Correct", "Unknown", "Sorry", "Wait", "Hmm", "Thanks", "Hello", "So"]
)
_SHORT = 400
_GIVES_UP = re.compile(
    r"\b(?:unable|not able|impossible|not possible|cannot|can not|can't|could not|couldn't|(?:do|did)(?: not|n't))"
    r"(?: \w+)?(?: to)? (?:find|determine|solve|answer|figure out|work out|calculate|compute|give|provide|know|say"
    r"|tell)\b[^.!?\n]{0,80}[.!?]"
    r"|\b[Aa]nswer(?: is|:) ?(?:unknown|unclear|not known|undetermined)\b[^.!?\n]{0,80}[.!?]"
    r"|\b(?:not enough|insufficient) information\b[^.!?\n]{0,80}[.!?]"
    r"|\b(?:cannot|can't) be (?:determined|solved|answered|found)\b[^.!?\n]{0,80}[.!?]"
)
_GOES_ON = re.compile(r"=|\b(?:so|thus|hence|therefore|instead|however|but|then|now|using|we|let)\b", re.IGNORECASE)


def named_alone(words: str) -> bool:
    """Whether one word that is all of a response may be its answer: a name, a number in letters."""
    return bool(_IN_LETTERS.fullmatch(words) or (re.fullmatch(r"[A-Z][a-z]+", words) and words not in _NO_ANSWERS))


def claim_in(sentence: str, alone: bool = False) -> str | None:
    """The words that a sentence claims, or None; one that is all of a response needs no word that concludes."""
    bare = sentence.strip().strip("*").rstrip(" .!*")
    if re.search(r"[0-9$\\=?]", bare) or _OPEN.search(bare):
        return None
    if found := _KNOWN.search(bare):
        return str(found["none"] or found["exists"] or found["said"]).removeprefix("is ")
    found = _PREDICATE.match(bare) if alone or _CONCLUDES.match(bare) else None
    return found["said"] if found and not _ABOUT_THE_WORK.fullmatch(found["said"]) else None


def decided(text: str) -> str | None:
    """Yes or no, true or false, where a short text begins with it."""
    found = _DECIDED.match(text) if len(text) < _SHORT else None
    return found[1] if found else None


def reasoned(text: str) -> str | None:
    """Yes or no where its reason follows at once: ``No, because 7 is prime``."""
    found = decided(text)
    return found if found and re.match(r"\W{0,9}\w+\W{1,4}(?:because|since|as)\b", text, re.IGNORECASE) else None


def gives_up(text: str) -> bool:
    """Whether a response says that it has no answer, and nothing behind that works one out."""
    said = None
    for said in _GIVES_UP.finditer(text):  # noqa: B007 - the last one
        pass
    return said is not None and not _GOES_ON.search(text, said.end())
