"""The model card of a merge: front matter that hubs read, and the recipe."""

from collections.abc import Sequence

from l2s.core.yaml import dump_yaml
from l2s.merging.method import MergeMethod
from l2s.merging.run.manifest import MANIFEST, MergeManifest


def model_card(manifest: MergeManifest, method: MergeMethod, models: Sequence[str]) -> str:
    """``README.md`` of a merged folder.

    Args:
        manifest: of the folder.
        method: the merge method.
        models: all models that were read, as they are named there.
    """
    front = {"base_model": list(models), "library_name": "transformers", "tags": ["merge", "l2s"]}
    inputs = "\n".join(f"| {name} | `{digests.digest}` |" for name, digests in manifest.inputs.items())
    notes = "".join(f"- {note}\n" for note in manifest.notes)
    return (
        f"---\n{dump_yaml(front)}---\n\n"
        f"# A {method.name} merge of {', '.join(models)}\n\n"
        f"Made with L2S {manifest.versions['l2s']} ({method.paper}), seed {manifest.seed}, from this recipe:\n\n"
        f"```yaml\n{dump_yaml(manifest.recipe)}```\n\n"
        f"| model | digest |\n|---|---|\n{inputs}\n\n"
        f"Config, tokenizer and chat template are those of {manifest.donor.model}: {manifest.donor.reason}.\n\n"
        + (f"{notes}\n" if notes else "")
        + f"`{MANIFEST}` says what the merge did to every tensor.\n"
    )
