"""Where thinking begins and ends in a text, told by its delimiters."""


def leaves_open(text: str, opening: str, closing: str) -> bool:
    """Whether ``text`` opens thinking and does not close it.

    What is asked is the end of a prompt, where the answer begins: a delimiter in a problem is a text like any other.
    """
    return text.rfind(opening) > text.rfind(closing)
