r"""The paper's two prompts (L2S, arXiv:2503.20641, by way of Qwen2.5-Math's evaluation toolkit), by their names.

- ``qwen25-math-cot`` (slow and merged models): Qwen's ChatML as plain text, whatever the model's own template is,
  with the system's turn "Please reason step by step, and put your final answer within \boxed{}."
- ``cot`` (quick models, few-shot): each example "Question: …" newline "Answer: …"; examples and problem are joined
  by three newlines, and the text ends in "Answer:".

Both are plain strings: the tokenizer adds its own special tokens. Stop strings are the toolkit's: three end marks as
text, and for ``cot`` an empty line before "Question:".

Departures. The worked examples (in ``examples.py``) are of our own wording, as many a set and of the
same kinds as the toolkit's. The toolkit has no examples for math500, olympiadbench and college_math; here every
benchmark but gsm8k and minerva_math takes those of ``math``. It adds stop ids where the folder's name holds
"qwen2"; here they are those that the model's configs state.
"""

from l2s.generation.prompts.examples import EXAMPLES

SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
STOPS = {
    "qwen25-math-cot": ("</s>", "<|im_end|>", "<|endoftext|>"),
    "cot": ("</s>", "<|im_end|>", "<|endoftext|>", "\n\nQuestion:"),
}
"""Texts that end a response, by style."""
SETS = {"gsm8k": "gsm8k", "minerva_math": "minerva_math", "minerva": "minerva_math"}
"""Set of examples by benchmark; ``math`` for any other."""


def qwen25_math_cot(problem: str, system: str | None) -> str:
    """The ChatML text up to where the assistant begins."""
    instruction = SYSTEM if system is None else system
    return (
        f"<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n{problem}<|im_end|>\n<|im_start|>assistant\n"
    )


def cot(problem: str, examples: str, shots: int | None) -> str:
    """Worked examples and the problem."""
    shown = EXAMPLES["math" if examples == "auto" else examples][:shots]
    solved = [f"Question: {question}\nAnswer: {answer}" for question, answer in shown]
    return "\n\n\n".join([*solved, f"Question: {problem}\nAnswer:"]).strip()


def examples_for(benchmark: str) -> str:
    """The set of examples that ``auto`` means for a benchmark."""
    return SETS.get(benchmark.lower().replace("-", "_"), "math")
