"""Arithmetic and traffic of generation, in FLOPs, bytes and eFLOPs.

Kinetics (arXiv:2506.05333): eFLOPs = C_comp + I·C_mem, where I = 562.5 FLOPs a byte-equivalent (a B200's).
Per question with prompt L_i, outputs L_o, N samples, P parameters, in the form of the authors' code::

    C_comp = N·(2·P·L_o + 2·(2·L_i + L_o)·L_o·n_heads·d_head·n_layers)
    C_mem  = 2·(2·L_i + N·L_o)·L_o·n_kv·d_head·n_layers

The prompt's keys and values are shared by the samples, and traffic of weights is left out, as there. One
departure: what is quadratic in L_o is taken as E[L_o²], not as E[L_o]², since costs are summed over responses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from l2s.planning.shapes import Shape

INTENSITY = 562.5
"""I: what a byte-equivalent of traffic costs in FLOPs."""


@dataclass(frozen=True)
class Lengths:
    """Tokens of a response: mean, and mean of the square."""

    mean: float
    square: float

    @classmethod
    def all_of(cls, tokens: Sequence[int]) -> "Lengths":
        """Of responses that have so many."""
        return cls(sum(tokens) / len(tokens), sum(count**2 for count in tokens) / len(tokens))

    @classmethod
    def assumed(cls, mean: float, most: int) -> "Lengths":
        """Spread like an exponential distribution (E[L²] = 2·mean²), cut at ``most`` tokens."""
        mean = min(mean, most)
        return cls(mean, min(2 * mean**2, mean * most))


@dataclass(frozen=True)
class Work:
    """What generation takes."""

    tokens: float
    compute: float
    """FLOPs."""
    traffic: float
    """Entries of keys and values that are read (C_mem), of two bytes each."""

    @property
    def eflops(self) -> float:
        """Kinetics' equivalent FLOPs."""
        return self.compute + INTENSITY * self.traffic

    def __add__(self, other: "Work") -> "Work":
        return Work(self.tokens + other.tokens, self.compute + other.compute, self.traffic + other.traffic)


NOTHING = Work(0.0, 0.0, 0.0)


def generation_work(shape: Shape, prompt: float, lengths: Lengths, samples: int, questions: int) -> Work:
    """What all questions take together."""
    mean, square = lengths.mean, lengths.square
    width = shape.heads * shape.head_size * shape.layers
    attention = 2 * (2 * prompt * mean + square) * width
    compute = samples * (2 * shape.parameters * mean + attention)
    traffic = (2 * prompt * mean + samples * square) * shape.kv_entries
    return Work(questions * samples * mean, questions * compute, questions * traffic)
