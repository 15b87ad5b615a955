"""Controls that change the prompt and nothing else: prompted brevity, and thinking that the prompt closes.

The instructions are the papers' own: "Be concise." (concise chain of thought, arXiv:2401.05618), the
system text of Chain of Draft (arXiv:2502.18600), and TALE's budget (arXiv:2412.18547), whose estimate is
a parameter here. Departures: each stands behind the problem in the user's turn, with no worked examples;
TALE's first call, which asks the model for the number, is not made.
"""

from l2s.generation.settings import ControlParams, PromptParams

INSTRUCTIONS = {
    "concise": "Be concise.",
    "chain-of-draft": (
        "Think step by step, but only keep a minimum draft for each thinking step, with 5 words at most. "
        "Return the answer at the end of the response after a separator ####."
    ),
    "token-budget": "Let's think step by step and use less than {tokens} tokens:",
}


def prompt_under(control: ControlParams, prompt: PromptParams) -> PromptParams:
    """The prompt as a control of kind prompt or no_think asks for it; any other leaves it as it is."""
    if control.kind == "no_think":
        return prompt.model_copy(update={"prefill": with_delimiters(control.prefill, prompt)})
    if control.kind != "prompt" or control.style is None:
        return prompt
    instruction = INSTRUCTIONS[control.style].replace("{tokens}", str(control.tokens))
    template = prompt.template.replace("{problem}", "{problem}\n" + instruction)
    return prompt.model_copy(update={"template": template})


def with_delimiters(text: str, prompt: PromptParams) -> str:
    """``text`` with ``{opening}`` and ``{closing}`` replaced."""
    return text.replace("{opening}", prompt.opening).replace("{closing}", prompt.closing)
