"""Training data: from graded responses to examples and pairs.

A kind is one file in ``kinds/``: a subclass of :class:`ExampleData` (for SFT) or :class:`PairData` (for DPO).
``EXAMPLES`` and ``PAIRS`` find it by its name.
"""

from l2s.benchmarks.contamination import normalised
from l2s.training.data.data import ExampleData
from l2s.training.data.example import Example, Pair
from l2s.training.data.o1_pruner import O1PrunerData
from l2s.training.data.sample import Sample, read_samples, samples_of
from l2s.training.data.selection import reference_lengths
from l2s.training.data.union import EXAMPLES, PAIRS, AnyExamples, AnyPairs

__all__ = [
    "EXAMPLES",
    "PAIRS",
    "AnyExamples",
    "AnyPairs",
    "Example",
    "ExampleData",
    "O1PrunerData",
    "Pair",
    "Sample",
    "normalised",
    "read_samples",
    "reference_lengths",
    "samples_of",
]
