"""The models of a merge, open for reading, in the order in which they are summed up."""

import threading

from l2s.checkpoints.open import open_reader
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.digests import BLAKE3, SHA256
from l2s.core.lazy import torch
from l2s.merging.run.prepared import PreparedMerge


class OpenModels:
    """What a weight's pieces are read from. Safe in several threads."""

    def __init__(self, merge: PreparedMerge, device: str) -> None:
        recipe, models = merge.plan.recipe, merge.layout.models
        self.method, self.seed, self.statistics, self.device = recipe.method, merge.seed, merge.plan.statistics, device
        self.readers = {name: open_reader(model) for name, model in models.items()}
        names = recipe.model_names()
        algorithm = SHA256 if self.method.sha256_masks else BLAKE3
        self.digests = {name: models[name].digest_weights(algorithm) for name in names}
        """Random masks are drawn from them."""
        self.order = sorted(range(len(names)), key=lambda k: (self.digests[names[k]], names[k]))
        """Sums run in this order, so that the recipe's order of models changes no rounding."""
        self.names = [names[k] for k in self.order]
        self.has_base = recipe.has_base
        self.reference = recipe.base_name or names[0]
        """The model that what is merged is compared with, the base if there is one."""
        self._begun, self._beginning = threading.local(), threading.Lock()
        self._threads: int | None = None
        """How many threads torch computes with outside of the merge."""

    def begin_torch(self) -> None:
        """Let torch compute with one thread in this one, whatever it is set to outside: sums are then rounded alike.

        On a GPU each thread has a stream, so that one's copies run beside another's arithmetic.
        """
        if getattr(self._begun, "here", False):
            return
        with self._beginning:
            self._threads = self._threads or torch.get_num_threads()
            torch.set_num_threads(1)
        if self.device != "cpu":
            torch.cuda.set_stream(torch.cuda.Stream(torch.device(self.device)))
        self._begun.here = True

    def close(self) -> None:
        """Let go of the files, and of torch's threads."""
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        for reader in self.readers.values():
            reader.close()

    def plain_readers(self) -> list[CheckpointReader]:
        """The readers of the reference and the models, in the order of sums, whose tensors lie in files as they are."""
        readers = [self.readers[name] for name in (self.reference, *self.names)]
        return [reader for reader in readers if isinstance(reader, CheckpointReader)]
