"""Config: the whole of params.yaml, typed. The only reader of that file."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from l2s.analysis.settings import AnalysisParams
from l2s.benchmarks import BenchmarkParams
from l2s.calibration.settings import CalibrationParams
from l2s.core.errors import ConfigError
from l2s.core.params import Params
from l2s.core.yaml import read_yaml
from l2s.family.settings import FamilySettings
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.union import AnyControl
from l2s.generation.levels import Level
from l2s.generation.settings import DecodingParams, SamplingParams
from l2s.nightly.settings import NightlyParams
from l2s.planning.settings import ResourceParams
from l2s.references import broken_references, plain_twin
from l2s.sampling.settings import SampleParams
from l2s.search.references import broken_searches
from l2s.search.settings import SearchParams
from l2s.training.union import AnyTraining

PARAMS = Path("params.yaml")
REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")

EMBEDDED_NOTES = (
    "The embedded task and the two styles of trace are designed so that careful steps and second thoughts can be "
    "separated; the merges themselves are only measured.",
    "The family shows the machinery and the shape of the effect. It is no evidence about large models.",
)


class ModelParams(Params):
    """Where a model comes from; it is found at ``data/models/<name>`` afterwards."""

    source: Literal["family", "path", "hub"] = "path"
    """``family``: trained by the family stage (base, quick, slow); ``path``: a folder of yours; ``hub``: of a hub."""
    path: Path | None = None
    name: str | None = None
    """Of ``hub``: ``org/name``."""
    revision: str | None = None
    """Of ``hub``: a commit, tag or branch; only a commit always means the same weights."""
    config: dict[str, Any] = {}
    """Of ``hub``: keys of config.json that are to be otherwise, e.g. ``max_position_embeddings``."""

    def called(self, name: str) -> str:
        """What a reader knows the model by: its repository's or folder's name; the family's have the one here."""
        if self.source == "hub" and self.name is not None:
            return self.name.partition("/")[2]
        return (self.path.name if self.path is not None else "") or name

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        """Each source takes its own keys."""
        if self.source == "path" and self.path is None:
            raise ValueError("source path takes a path, to a model folder in the Hugging Face layout")
        if self.source == "hub" and (self.name is None or not REPOSITORY.fullmatch(self.name)):
            raise ValueError("source hub takes a name, e.g. name: Qwen/Qwen2.5-Math-1.5B, and may take a revision")
        wrong = [key for key in ("name", "revision") if self.source != "hub" and getattr(self, key) is not None]
        wrong += ["path"] if self.source != "path" and self.path is not None else []
        wrong += ["config"] if self.source != "hub" and self.config else []
        if wrong:
            raise ValueError(f"source {self.source} takes no {' and no '.join(wrong)}")
        return self


class RunParams(Params):
    """One run: a model under a length control."""

    model: str
    """Folder under ``data/``: ``models/<name>``, ``merged/<recipe>``, ``merged/<search>`` or ``trained/<training>``."""
    control: str
    """Name of a control under ``controls:``; dvc.yaml looks for it here, so that there is no default."""
    level: Level | None = None
    """Of length, that a model which was trained for levels is asked for; null: problems are put as they are."""
    sampling: SamplingParams | None = None
    """Of its own: what it says goes before ``decoding.sampling``. Such a run is no candidate; it is shown beside the
    run of the same model, control and level that has none."""

    @field_validator("sampling")
    @classmethod
    def _says_something(cls, sampling: SamplingParams | None) -> SamplingParams | None:
        if sampling is not None and not sampling.model_fields_set:
            raise ValueError("expected what differs from decoding.sampling, e.g. temperature: 0.6")
        return sampling

    @model_serializer(mode="wrap")
    def _as_given(self, dumped: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Of sampling what was said, and nothing where nothing was: records of such runs are what they were."""
        found: dict[str, Any] = dumped(self)
        own = found.pop("sampling", None)
        if own is not None and self.sampling is not None:
            found["sampling"] = {name: own[name] for name in own if name in self.sampling.model_fields_set}
        return found


class GradingParams(Params):
    """How responses are graded."""

    grader: str = "l2s"
    jobs: int = Field(1, ge=1)
    """Worker processes for pairs that need computer algebra."""


class ReportParams(Params):
    """What the report shows besides the numbers."""

    title: str | None = None
    """Of the page and the table; made from the models' names where there is none."""
    notes: list[str] = []
    """Sentences that must be read with the numbers; those about the embedded family are there without being named."""
    examples: int = Field(8, ge=0)
    """Problems shown with two transcripts, of each kind: lost by the merge, won by it, right in both."""
    transcript: int = Field(20_000, ge=100)
    """Characters shown of each part of a transcript; the middle of a longer one is left out."""


class Config(Params):
    """params.yaml; which blocks can be left out, see :data:`l2s.references.DEFAULTS`."""

    family: FamilySettings = FamilySettings()
    models: dict[str, ModelParams] = {}
    benchmarks: dict[str, BenchmarkParams] = {}
    calibration: dict[str, CalibrationParams] = {}
    recipes: dict[str, dict[str, Any]] = {}
    """Merge recipes in mergekit's dialect; :mod:`l2s.merging.recipe` checks them."""
    samples: dict[str, SampleParams] = {}
    training: dict[str, AnyTraining] = {}
    searches: dict[str, SearchParams] = {}
    """Ranges in the place of numbers; each ends in a recipe of the same name."""
    controls: dict[str, AnyControl] = {"none": NoControl()}
    runs: dict[str, RunParams] = {}
    decoding: DecodingParams = DecodingParams()
    grading: GradingParams = GradingParams()
    analysis: AnalysisParams = AnalysisParams()
    report: ReportParams = ReportParams()
    resources: ResourceParams = ResourceParams()
    nightly: NightlyParams = NightlyParams()

    @classmethod
    def read(cls, path: Path = PARAMS) -> Self:
        """Read and check the whole file.

        Raises:
            ConfigError: everything that is wrong with it, at once.
        """
        found = read_params(path)
        problems = [
            f"{path}: {problem}"
            for check in (broken_references, broken_searches)
            for problem in check(_as_meant(found, cls))
        ]
        try:
            config = cls.parse(_without_empty(found), str(path))
        except ConfigError as error:
            raise ConfigError("; ".join([str(error), *problems])) from None
        if problems:
            raise ConfigError("; ".join(problems))
        return config

    def is_embedded(self) -> bool:
        """Whether all models are the embedded family's."""
        return all(model.source == "family" for model in self.models.values())

    def title(self) -> str:
        """What the page and the table are headed by."""
        if self.report.title is not None:
            return self.report.title
        if self.is_embedded():
            return "Long-to-short by merging, on the embedded family"
        return f"Long-to-short by merging: {', '.join(model.called(name) for name, model in self.models.items())}"

    def notes(self) -> list[str]:
        """The user's own sentences, and what must be said of the embedded family where the models are its."""
        return [*(EMBEDDED_NOTES if self.is_embedded() else ()), *self.report.notes]

    def control_of(self, run: str) -> Control:
        """The length control of a run."""
        return self.controls[self.runs[run].control]

    def decoding_of(self, run: str) -> DecodingParams:
        """``decoding`` with the sampling of a run."""
        return self.decoding.with_sampling(self.runs[run].sampling)

    def beside(self, run: str) -> str | None:
        """Of a run with sampling of its own, the run of the same model, control and level that has none."""
        if self.runs[run].sampling is None:
            return None
        return plain_twin({"runs": {name: one.model_dump() for name, one in self.runs.items()}}, run)

    def measured(self) -> list[str]:
        """Benchmarks that runs answer: those that are no search's own."""
        own = {name for search in self.searches.values() for name in search.benchmarks}
        return [name for name in self.benchmarks if name not in own]

    def candidates(self) -> list[str]:
        """Runs of merged and of trained models without a control or sampling of their own: what is chosen among."""
        plain = {name: run for name, run in self.runs.items() if run.control == "none" and run.sampling is None}
        return [name for name, run in plain.items() if run.model.startswith(("merged/", "trained/"))]


def read_params(path: Path = PARAMS) -> Any:
    """params.yaml, or another such file, as it stands.

    Raises:
        ConfigError: it is no YAML; or there is none, and where a project is had from.
    """
    if path == PARAMS and not path.is_file():
        raise ConfigError(
            f"{path}: no such file in {Path.cwd()}; go to a project's folder, or make a project: l2s init"
        )
    return read_yaml(path)


def _as_meant(found: Any, config: type[Params]) -> Any:
    """A block whose name is misspelt under the name that it is meant to have: so what names its entries is right."""
    if not isinstance(found, dict):
        return {} if found is None else found
    missing = [name for name in config.model_fields if name not in found]
    meant = {key: get_close_matches(str(key), missing, n=1) for key in found if key not in config.model_fields}
    return {(meant[key][0] if meant.get(key) else key): value for key, value in found.items()}


def _without_empty(found: Any) -> Any:
    """Empty blocks left out: they are told as such."""
    if found is None:
        return {}
    return {key: value for key, value in found.items() if value is not None} if isinstance(found, dict) else found
