"""Arguments and options that several single steps take."""

from pathlib import Path
from typing import Annotated, Any

import typer

from l2s.core.devices import device_problem
from l2s.core.errors import ConfigError

Force = Annotated[bool, typer.Option("--force", help="Replace OUT, and merge against warnings.")]
Replace = Annotated[bool, typer.Option("--force", help="Replace OUT if it is not of this command's making.")]
Memory = Annotated[str | None, typer.Option("--max-memory", metavar="SIZE", help="Most memory to take, e.g. 4GB.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Tensors at a time; changes no byte. Default: one a core.")]
Model = Annotated[Path, typer.Argument(help="Model folder.")]
Problems = Annotated[Path, typer.Argument(help="JSONL: id, problem, gold; benchmark, or else the file's name.")]
Rows = Annotated[Path, typer.Argument(metavar="OUT.jsonl")]
Engine = Annotated[str, typer.Option(help="auto, transformers or vllm.")]
PromptFile = Annotated[str, typer.Option("--prompt", help="chat, plain, qwen25-math-cot, cot, or a YAML file.")]
Date = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="What a chat template takes for today.")]
TemplateKwarg = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="Of the chat template, e.g. enable_thinking=false. Repeatable."),
]
Samples = Annotated[int, typer.Option(min=1, help="Responses per problem.")]
Temperature = Annotated[float, typer.Option(min=0, help="0: greedy.")]
TopP = Annotated[float, typer.Option(min=0, max=1)]
TopK = Annotated[int, typer.Option(min=0, help="0: all tokens.")]
MostTokens = Annotated[int, typer.Option("--max-tokens", min=1, help="Most generated tokens a response.")]
Grader = Annotated[str, typer.Option(help="l2s, math-verify, qwen (the study's rules), or all side by side.")]


def _device(name: str) -> str:
    """Whether a device is there is found out before anything else is done."""
    if wrong := device_problem(name):
        raise ConfigError(f"--device: {wrong}")
    return name


Device = Annotated[str, typer.Option(help="Where the arithmetic is done: cpu or cuda.", callback=_device)]


def variables(given: list[str] | None) -> dict[str, Any]:
    """What the command line says of a chat template, each value read as YAML."""
    from l2s.core.yaml import parse_yaml

    found = dict[str, Any]()
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--template-kwarg: found {text!r}, expected KEY=VALUE, e.g. enable_thinking=false")
        found[name] = parse_yaml(value.encode(), f"--template-kwarg {name}")
    return found
