"""Temperature of the stop decision: the closing token's logit is raised while thinking goes on.

A reconstruction. 2505.07961 (version 3) scales the end-of-thinking token's logit by a temperature and
nothing else; its formula could not be had, so three forms stand to choose from. With z_E the closing
token's logit and z_max the largest of all others:

- ``gap`` (default): z_E' = z_max − (z_max − z_E)·T for z_E < z_max, 0 ≤ T ≤ 1. T = 1 changes nothing; T = 0
  lifts z_E one float above z_max. It does not change when all logits are shifted.
- ``bias``: z_E' = z_E + b, b ≥ 0: the odds of closing are multiplied by e^b.
- ``divide``: z_E' = z_E / T for z_E > 0, else z_E·T, 0 < T ≤ 1: the most literal, and dependent on the
  arbitrary offset of the logits.

``gap`` acts on sampling: short of T = 0 the token stays behind the largest, so a greedy choice never
changes; ``bias`` and ``divide`` act on both. No form lowers z_E. Temperature, top_p and top_k come after
it. Of a delimiter of several tokens the first is raised and the rest is forced.
"""

import torch
from torch import Tensor

from l2s.generation.controls.parameters import ControlParams


def raise_close(logits: Tensor, closers: tuple[int, ...], control: ControlParams) -> Tensor:
    """Logits with the closing token's raised, ``[rows, vocabulary]``, float32; the input stays as it is.

    Of several ``closers`` (stop tokens, where a whole text counts as thinking) each row's likeliest is raised.
    """
    ids = torch.tensor(closers, device=logits.device)
    end, place = logits[:, ids].max(-1)  # [rows]
    others = logits.index_fill(1, ids, -torch.inf)
    top = others.max(-1).values  # [rows]
    raised = _raised(end, top, control)
    if control.top_k_gate is not None:
        ahead = (others > end[:, None]).sum(-1)
        raised = torch.where(ahead < control.top_k_gate, raised, end)
    return logits.scatter(1, ids[place][:, None], raised[:, None])


def _raised(end: Tensor, top: Tensor, control: ControlParams) -> Tensor:
    value = control.value if control.value is not None else 1.0
    if control.form == "bias":
        return end + value
    if control.form == "divide":
        return torch.where(end > 0, end / value, end * value)
    if value == 0:
        return torch.where(end <= top, top.nextafter(torch.full_like(top, torch.inf)), end)
    return torch.where(end < top, top - (top - end) * value, end)
