"""Calibration: measure a model on texts, and write what merge methods use of it; resumed after a kill."""

import functools
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from l2s.calibration.activations import blocks_of, measure_layers, measure_whole
from l2s.calibration.converted import groups_in_folder
from l2s.calibration.layers import LayeredModel
from l2s.calibration.network import Network
from l2s.calibration.partial import Partial
from l2s.calibration.plan import Plan, plan_calibration
from l2s.calibration.sensitivities import layer_rows, mean_rows, whole_rows
from l2s.calibration.settings import CalibrationParams
from l2s.checkpoints.open import open_reader
from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.core.digests import digest_lines
from l2s.core.progress import Track, silent
from l2s.core.threads import one_torch_thread


def calibrate(
    model: Path,
    texts: Path,
    out: Path,
    params: CalibrationParams,
    *,
    others: Mapping[str, Path] = MappingProxyType({}),
    device: str = "cpu",
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
    code: str = "",
) -> Statistics:
    """Measure a model in float32 and write the statistics to ``out``, whole or not at all.

    A calibration that was killed goes on from ``.<name>.partial.safetensors`` beside ``out``, as long as weights,
    texts, parameters and versions are the same, and ends with the same bytes.

    Args:
        model: a model folder, or whatever else :func:`l2s.checkpoints.open.open_checkpoint` takes.
        texts: JSONL rows with ``prompt``, ``short``, ``long``.
        out: a safetensors file, read by :meth:`l2s.checkpoints.statistics.Statistics.read`.
        params: what is measured; its ``model`` and ``texts`` are names for people, and are not opened.
        others: folders of the models in ``params.distance_to``; a name that is not there is a folder itself.
        device: ``cpu`` or ``cuda``.
        track: shows the loop over texts, blocks or layers.
        say: told of tensors in the folder that the model has no place for.
        code: a fingerprint of the code that measures; what another one left unfinished is begun anew.

    Returns:
        The statistics, as they stand in ``out``.

    Raises:
        L2SError: everything that is wrong with model, texts or parameters, before anything is computed.
        CheckpointError: NaN or infinity came up; nothing is written.
    """
    plan = plan_calibration(model, texts, out, params, others, device)
    for note in plan.network.notes():
        say(note)
    partial = Partial(out, digest_lines([plan.key, code]))
    measure = _activations if params.kind == "activations" else _sensitivities
    with one_torch_thread():
        tensors = measure(plan, partial, track)
    Statistics(params.kind, tensors, plan.about).write(out)
    partial.remove()
    return Statistics.read(out)


def _activations(plan: Plan, partial: Partial, track: Track) -> dict[str, Tensor]:
    blocks = blocks_of(plan.ids, plan.params.block)
    if not plan.params.layers_at_a_time:
        return measure_whole(plan.network.checkpoint, plan.network.loaded(), blocks, partial, track)
    with open_reader(plan.network.checkpoint) as reader:
        return measure_layers(LayeredModel(plan.network, reader), blocks, partial, track)


def _sensitivities(plan: Plan, partial: Partial, track: Track) -> dict[str, Tensor]:
    texts = [torch.tensor([ids]) for ids in plan.ids]
    columns = {layer_group(name): plan.network.checkpoint for name in plan.network.names}
    columns |= {key: other.checkpoint for key, other in plan.others.items()}
    if not plan.params.layers_at_a_time:
        model = plan.network.loaded()
        others = {key: other.loaded() for key, other in plan.others.items()}
        found = mean_rows(
            lambda some: whole_rows(plan.network.checkpoint, model, others, some), columns, texts, partial, track
        )
        renamed = groups_in_folder(plan.network.checkpoint, plan.network.model, plan.network.names)
        return {renamed.get(group, group): mean for group, mean in found.items()}
    with ExitStack() as stack:

        def opened(network: Network) -> LayeredModel:
            return LayeredModel(network, stack.enter_context(open_reader(network.checkpoint)))

        layers, other_layers = opened(plan.network), {key: opened(other) for key, other in plan.others.items()}
        rows = functools.partial(layer_rows, layers, other_layers)
        return mean_rows(rows, columns, texts, partial, track)
