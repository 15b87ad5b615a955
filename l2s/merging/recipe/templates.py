"""Chat templates that a recipe can name; each writes the format that models of that name are trained on."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.json_file import read_object
from l2s.core.errors import CheckpointError

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] "
    "+ '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% set said = namespace(system='') %}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{% set said.system = message['content'] + '\\n\\n' %}"
    "{% elif message['role'] == 'user' %}{{ ' [INST] ' + said.system + message['content'] + ' [/INST]' }}"
    "{% set said.system = '' %}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
ALPACA = (
    "{% for message in messages %}{% set content = message['content'] | trim %}"
    "{% if message['role'] == 'system' %}{{ content + '\\n\\n' }}"
    "{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + content + '\\n\\n' }}"
    "{% elif message['role'] == 'user_context' %}{{ '### Input:\\n' + content + '\\n\\n' }}"
    "{% else %}{{ '### Response:\\n' + content + '\\n\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}"
)
EXAONE = (
    "{% if not messages or messages[0]['role'] != 'system' %}{{ '[|system|][|endofturn|]\\n' }}{% endif %}"
    "{% for message in messages %}{{ '[|' + message['role'] + '|]' + message['content'] }}"
    "{{ '\\n' if message['role'] == 'user' else '[|endofturn|]\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}"
)
NAMED = {"alpaca": ALPACA, "chatml": CHATML, "exaone": EXAONE, "llama3": LLAMA3, "mistral": MISTRAL}
"""The names that mergekit knows."""


def template_of(asked: str | None, models: Mapping[str, Checkpoint], donor: str) -> str | None:
    """The template to write; None for the donor's own, whatever it is.

    Args:
        asked: by the recipe: a name, a Jinja text, or ``auto`` for the one that most models have.
        models: by the recipe's names.
        donor: whose template counts first where several are as frequent.
    """
    if asked != "auto":
        return NAMED.get(asked, asked) if asked else None
    order = [donor, *(name for name in models if name != donor)]
    found = {name: read_template(models[name].tokenizer_folder) for name in order}
    counts = Counter(template.strip() for template in found.values() if template)
    if not counts:
        return None
    highest = max(counts.values())
    return next(template for template in found.values() if template and counts[template.strip()] == highest)


def read_template(folder: Path) -> str | None:
    """The chat template of a tokenizer's folder, wherever it stands; of several the default one."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        found: Any = _object(folder / name).get("chat_template")
        if isinstance(found, list):
            found = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}.get("default")
        if isinstance(found, str):
            return found
    return None


def _object(file: Path) -> dict[str, Any]:
    """A JSON file's object; empty where there is none that can be read."""
    try:
        return read_object(file)
    except CheckpointError:
        return {}
