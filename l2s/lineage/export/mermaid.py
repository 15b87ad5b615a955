"""A lineage as a Mermaid flowchart, which GitHub and GitLab draw where it stands in a page."""

from typing import Any

from l2s.core.digests import without_name


def mermaid(lineage: dict[str, Any]) -> str:
    """The chart: inputs above what was made from them, each artefact with the step that made it."""
    ids = {path: f"n{number}" for number, path in enumerate(lineage["nodes"])}
    lines = ["flowchart TD"]
    for path, node in lineage["nodes"].items():
        below = node["made_by"] or ("given" if not node["inputs"] else "")
        digest = without_name(node["digest"] or "")[:12]
        label = "<br>".join(_quoted(part) for part in (path, below, digest) if part)
        lines.append(f'    {ids[path]}["{label}"]')
    for path, node in lineage["nodes"].items():
        lines += [f"    {ids[entry['path']]} --> {ids[path]}" for entry in node["inputs"]]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Text in which Mermaid and HTML find nothing of theirs."""
    for mark, entity in (("&", "#amp;"), ("<", "#lt;"), (">", "#gt;"), ('"', "#quot;")):
        text = text.replace(mark, entity)
    return text
