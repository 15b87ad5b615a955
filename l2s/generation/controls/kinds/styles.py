"""Controls that change the prompt: prompted brevity, thinking that the prompt closes, a budget or an outline asked for.

The instructions are the papers' own: "Be concise." (concise chain of thought, arXiv:2401.05618), the
system text of Chain of Draft (arXiv:2502.18600), and TALE's budget (arXiv:2412.18547). Each stands behind
the problem in the user's turn, with no worked examples (departure: Chain of Draft has some).

Two controls ask something first; what is answered goes into the prompt, and its tokens into ``tokens``:

- token-budget with ``estimate`` (TALE-EP): the model itself is asked how many tokens it needs, in double
  square brackets; the last such number behind its thinking is the budget. Where there is none, the control's
  ``tokens`` is, and without that no number is stated.
- cothink (CoThink, arXiv:2505.22017): another model writes an outline, this one solves along it. What stands
  behind the other's thinking is the outline.

The wording of both questions is ours: CoThink's prompts could not be had.
"""

import re

from l2s.generation.settings import ControlParams, PromptParams

INSTRUCTIONS = {
    "concise": "Be concise.",
    "chain-of-draft": (
        "Think step by step, but only keep a minimum draft for each thinking step, with 5 words at most. "
        "Return the answer at the end of the response after a separator ####."
    ),
    "token-budget": "Let's think step by step and use less than {tokens} tokens:",
}
NO_NUMBER = "Let's think step by step:"
"""Stands for style token-budget where there is no number to state."""
ESTIMATE = (
    "{problem}\n\nDo not solve this problem. Estimate the smallest number of tokens in which a complete and "
    "correct solution can be written, and give it in double square brackets, for example [[60]]."
)
OUTLINE = (
    "{problem}\n\nDo not solve this problem. Write a short plan for solving it: two to four steps, one a line, "
    "each in a few words. No calculations, no numbers, no final answer."
)
FOLLOW = "{problem}\n\nA plan for solving it:\n{outline}\n\nFollow this plan and solve the problem."
_NUMBER = re.compile(r"\[\[\s*([1-9]\d{0,5})\s*\]\]")


def prompt_under(control: ControlParams, prompt: PromptParams) -> PromptParams:
    """The prompt as a control of kind no_think, or prompt without an estimate, asks for it; others leave it."""
    if control.kind == "no_think":
        return prompt.model_copy(update={"prefill": with_delimiters(control.prefill, prompt)})
    if control.kind != "prompt" or control.style is None or control.estimate:
        return prompt
    instruction = INSTRUCTIONS[control.style].replace("{tokens}", str(control.tokens))
    template = prompt.template.replace("{problem}", "{problem}\n" + instruction)
    return prompt.model_copy(update={"template": template})


def asks_first(control: ControlParams) -> bool:
    """Something is asked before the problem is."""
    return control.kind == "cothink" or (control.kind == "prompt" and control.estimate)


def first_question(control: ControlParams, problem: str) -> str:
    """What is asked first."""
    return (OUTLINE if control.kind == "cothink" else ESTIMATE).replace("{problem}", problem)


def problem_after(control: ControlParams, problem: str, answered: str, closing: str) -> str:
    """The problem as it is put after the first question was ``answered``; ``closing`` ends that answer's thinking.

    Without an outline it is the problem as it stands.
    """
    said = answered.rpartition(closing)[2].strip()
    if control.kind == "cothink" and not said:
        return problem
    if control.kind == "cothink":
        return re.sub(r"\{(problem|outline)\}", lambda found: problem if found[1] == "problem" else said, FOLLOW)
    numbers = _NUMBER.findall(said)
    tokens = int(numbers[-1]) if numbers else control.tokens
    budget = NO_NUMBER if tokens is None else INSTRUCTIONS["token-budget"].replace("{tokens}", str(tokens))
    return f"{problem}\n{budget}"


def with_delimiters(text: str, prompt: PromptParams) -> str:
    """``text`` with ``{opening}`` and ``{closing}`` replaced."""
    return text.replace("{opening}", prompt.opening).replace("{closing}", prompt.closing)
