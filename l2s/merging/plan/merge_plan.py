"""MergePlan: what a merge reads and writes, and what speaks against it. Preflight makes it, the merge executes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.files.writer import TensorPlan
from l2s.checkpoints.statistics import Statistics
from l2s.checkpoints.vocabulary import Vocabulary
from l2s.core.errors import CheckpointError
from l2s.core.threads import default_threads
from l2s.merging.plan.donor import Donor
from l2s.merging.plan.memory import predict_memory
from l2s.merging.recipe import MergeRecipe


@dataclass(frozen=True)
class Layout:
    """The model that a merge makes."""

    donor: Donor
    vocabulary: Vocabulary
    """All models that are read, the base first, in the merged vocabulary's rows."""
    models: Mapping[str, Checkpoint]
    """Those that are merged, the base first: the same, or what slices put together from them."""
    tensors: list[TensorPlan]
    """Everything that is written, in natural order."""
    config: Mapping[str, Any] | None
    """In place of the donor's config, where the result has other layers."""

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(plan.size for plan in self.tensors)


@dataclass(frozen=True)
class MergePlan:
    """A merge that was looked through, and not begun."""

    recipe: MergeRecipe
    models: Mapping[str, Checkpoint]
    """All models that can be read, the base first, as they lie there."""
    statistics: Mapping[str, Statistics]
    """The calibration statistics that the recipe names."""
    findings: tuple[Finding, ...]
    layout: Layout | None
    """None where a finding refuses the merge, forced or not."""

    @property
    def refused(self) -> bool:
        """Does any finding refuse the merge, unless it is forced?"""
        return any(finding.fatal for finding in self.findings)

    def checked(self, force: bool) -> Layout:
        """What is to be made.

        Raises:
            CheckpointError: everything that refuses the merge; ``force`` overrules what can be overruled.
        """
        if refused := [f.sentence for f in self.findings if f.fatal and not (f.forcible and force)]:
            raise CheckpointError("; ".join(refused))
        assert self.layout is not None
        return self.layout

    def memory(self, threads: int | None = None) -> int:
        """Bytes of memory that the merge takes, with a thread a core unless said otherwise."""
        shapes = [plan.shape for plan in self.layout.tensors] if self.layout else []
        return predict_memory(self.recipe, shapes, threads or default_threads())
