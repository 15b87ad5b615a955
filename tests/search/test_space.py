"""The dialect of ranges: what it spans, which recipe stands at which point, and what is refused with which sentence."""

import pytest
import yaml

from l2s.core.errors import ConfigError
from l2s.generation.controls.union import parse_control
from l2s.search.candidates.ranges import Choice, Number
from l2s.search.settings import SearchParams
from l2s.search.space import Space, space_of

WHERE = "params.yaml: searches.ta"
CONTROLS = {"eot-3": parse_control({"kind": "eot_temperature", "form": "bias", "value": 3}, "controls.eot-3")}


def space(recipe: str, control: object = "none") -> Space:
    """The space that a recipe in YAML spans."""
    params = SearchParams.parse(
        {"recipe": yaml.safe_load(recipe), "control": control, "benchmark": "b", "slow": "slow"}, WHERE
    )
    return space_of(params, WHERE, CONTROLS)


def task_arithmetic(quick: str, slow: str, more: str = "") -> str:
    """Two weights; ``more``: other keys of the recipe."""
    models = f"[{{model: quick, parameters: {{weight: {quick}}}}}, {{model: slow, parameters: {{weight: {slow}}}}}]"
    return f"{{merge_method: task_arithmetic, base_model: base, models: {models}, dtype: bfloat16{more}}}"


TIES = (
    "{merge_method: ties, base_model: base, models: [{model: quick, parameters: {weight: 1, density: {low: 0.1, "
    "high: 1}}}, {model: slow, parameters: {weight: 1, density: 0.5}}], parameters: {lambda: 1}}"
)


def weights(found: Space, values: dict[str, float]) -> list[object]:
    """What the two models' weights are at a point."""
    return [one["parameters"]["weight"] for one in found.candidate(values).recipe["models"]]


def test_a_line_is_one_number_and_its_rest() -> None:
    found = space(task_arithmetic("{rest: s}", "{name: s, low: 0, high: 1}"))
    assert found.dimensions == (Number("s", 0.0, 1.0),)
    assert weights(found, {"s": 0.25}) == [0.75, 0.25]
    assert weights(found, {"s": 0.1234567}) == [0.876543, 0.123457], "six digits; both come to 1"


def test_one_name_is_one_number() -> None:
    found = space(task_arithmetic("{name: s, low: 0, high: 1}", "{name: s, low: 0.0, high: 1}"))
    assert [one.name for one in found.dimensions] == ["s"]
    assert weights(found, {"s": 0.5}) == [0.5, 0.5]


def test_filters_and_gradients_are_the_dialects_own() -> None:
    found = space(
        task_arithmetic("[{filter: mlp, value: {low: 0, high: 1}}, {value: 0.5}]", "[{low: 0, high: 1}, 0.2]")
    )
    assert [one.name for one in found.dimensions] == ["quick.weight.mlp", "slow.weight.0"]
    point = {"quick.weight.mlp": 0.75, "slow.weight.0": 1.0}
    assert weights(found, point) == [[{"filter": "mlp", "value": 0.75}, {"value": 0.5}], [1.0, 0.2]]
    single = space(task_arithmetic("{filter: mlp, value: {low: 0, high: 1}}", "1"))
    assert weights(single, {"quick.weight": 0.5}) == [{"filter": "mlp", "value": 0.5}, 1]


def test_a_choice_of_recipes_has_the_numbers_of_all() -> None:
    found = space(f"{{any_of: [{task_arithmetic('{low: 0, high: 2}', '1')}, {TIES}]}}")
    assert [one.name for one in found.dimensions] == ["recipe", "task_arithmetic.quick.weight", "ties.quick.density"]
    point = {"task_arithmetic.quick.weight": 1.5, "ties.quick.density": 0.25}
    assert found.candidate({**point, "recipe": 0}).recipe["merge_method"] == "task_arithmetic"
    ties = found.candidate({**point, "recipe": 1})
    assert ties.recipe["models"][0]["parameters"] == {"weight": 1, "density": 0.25}
    elsewhere = found.candidate({**point, "recipe": 1, "task_arithmetic.quick.weight": 0.1})
    assert elsewhere.key == ties.key, "a number without effect makes no other recipe"


def test_methods_numbers_and_switches_can_be_chosen() -> None:
    recipe = TIES.replace("merge_method: ties", "merge_method: {any_of: [ties, dare_ties]}")
    recipe = recipe.replace("lambda: 1", "lambda: {any_of: [0.7, 1]}, normalize: {any_of: [true, false]}")
    found = space(recipe)
    one = found.candidate({"merge_method": 1, "quick.density": 1.0, "lambda": 0, "normalize": 1}).recipe
    assert one["merge_method"] == "dare_ties"
    assert one["parameters"] == {"lambda": 0.7, "normalize": False}


def test_controls_are_searched_with_the_recipe() -> None:
    options = ["none", "eot-3", {"kind": "budget", "max_think": {"low": 16, "high": 128}}]
    found = space(task_arithmetic("{low: 0, high: 1}", "1"), {"any_of": options})
    assert found.dimensions[1:] == (
        Choice("control", tuple(options)),
        Number("control.2.max_think", 16, 128, 1),
    )
    point = {"quick.weight": 0.5, "control.2.max_think": 40.3}
    controls = [found.candidate({**point, "control": number}).control for number in range(3)]
    bias = {"kind": "eot_temperature", "form": "bias", "value": 3.0}
    assert controls == ["none", bias, {"kind": "budget", "max_think": 40}]
    assert found.values_of(yaml.safe_load(task_arithmetic("0.5", "1")), bias) == {
        "quick.weight": 0.5,
        "control": 1,
        "control.2.max_think": 16,
    }


def test_steps_and_bounds() -> None:
    one = Number("w", 0.0, 1.0, step=0.3)
    assert [one.value(found) for found in (0, 0.16, 0.31, 0.97, 1.0)] == [0.0, 0.3, 0.3, 0.9, 0.9]
    assert Number("w", 1e-7, 1.0, log=True).value(1.23456789e-6) == 1.23457e-06
    assert Number("w", 0.1234564, 1.0).value(0.1234564) == 0.1234564, "rounding does not leave the range"


@pytest.mark.parametrize("s", [0.0, 0.3, 0.4, 0.123457, 1.0])
def test_the_point_of_a_recipe(s: float) -> None:
    found = space(task_arithmetic("{rest: s}", "{name: s, low: 0, high: 1}"))
    recipe = found.candidate({"s": s}).recipe
    recipe["models"].reverse()
    assert found.values_of(recipe) == {"s": s}


@pytest.mark.parametrize(
    "recipe",
    [
        task_arithmetic("0.6", "0.5"),
        task_arithmetic("-0.5", "1.5"),
        task_arithmetic("[0.6, 0.6]", "0.4"),
        task_arithmetic("0.6", "0.4", ", random_seed: 3"),
        TIES,
    ],
)
def test_a_recipe_outside_has_no_point(recipe: str) -> None:
    found = space(task_arithmetic("{rest: s}", "{name: s, low: 0, high: 1}"))
    assert found.values_of(yaml.safe_load(recipe)) is None


QUICK = f"{WHERE}.recipe.models.0.parameters.weight"


@pytest.mark.parametrize(
    ("quick", "sentence"),
    [
        ("{low: 1, high: 0}", f"{QUICK}: found {{'low': 1, 'high': 0}}, expected low below high; write {{low: 0, hi"),
        ("{low: 1, high: 1}", f"{QUICK}: found {{'low': 1, 'high': 1}}, a range of a single number; write 1 in its"),
        ("{low: .nan, high: 1}", f"{QUICK}.low: found nan, expected a finite number"),
        ("{low: 0, high: .inf}", f"{QUICK}.high: found inf, expected a finite number"),
        ("{low: true, high: 2}", f"{QUICK}.low: found True, expected a number"),
        ("{low: 0, high: 1, stp: 0.1}", f"{QUICK}.stp: unknown key; did you mean 'step'?"),
        ("{low: 0, high: 1, step: 0}", f"{QUICK}.step: found 0, expected greater than 0"),
        ("{low: 0, high: 1, step: 2}", "a step beyond high leaves only low"),
        ("{low: 0, high: 1, log: true}", "log takes a low above 0"),
        ("{low: 0}", f"{QUICK}.high: required, but missing"),
        ("{any_of: []}", f"{QUICK}.any_of: found [], expected at least one option"),
        ("{any_of: [1, 2], low: 0}", f"{QUICK}.low: unknown key; known: any_of, name"),
        ("{rest: t}", f"{QUICK}: no range has the name 't'; known: s"),
        ("{name: s, low: 0, high: 2}", "'s' is another range at params.yaml: searches.ta.recipe.models.1.parameters"),
    ],
)
def test_bad_ranges_are_one_sentence_each(quick: str, sentence: str) -> None:
    slow = "{name: s, low: 0, high: 1}"
    if "name: s" in quick:
        quick, slow, sentence = slow, quick, sentence.replace("models.1", "models.0")
    with pytest.raises(ConfigError) as error:
        space(task_arithmetic(quick, slow))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        (task_arithmetic("1", "1"), f"{WHERE}: no range, so nothing to search for; write {{low: 0, high: 1}}"),
        (TIES.replace("method: ties", "method: {low: 0, high: 1}"), "merge_method: found a range, but no number"),
        (TIES.replace("model: quick", "model: {any_of: [quick, slow]}"), "models.0.model: found a range, but no"),
        (TIES.replace("base_model: base", "base_model: {low: 0, high: 1}"), "base_model: found a range, but no"),
        (TIES.replace("density: {low: 0.1", "density: {low: 0"), "density: found 0.0, expected greater than 0 (at"),
        (TIES.replace("high: 1", "high: 1.5"), "found 1.5, expected less than or equal to 1 (at the high end"),
        (TIES.replace("merge_method: ties", "merge_method: tise"), "merge method 'tise'; did you mean 'ties'?"),
        (f"{{any_of: [{TIES}, {task_arithmetic('1', '{weight: 3}')}]}}", "models.1.parameters.weight: found a map"),
    ],
)
def test_bad_recipes_are_one_sentence_each(recipe: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        space(recipe)
    assert sentence in str(error.value)
    assert str(error.value).count(sentence) == 1


@pytest.mark.parametrize(
    ("control", "sentence"),
    [
        ("eot-4", f"{WHERE}.control: 'eot-4' is not under controls; did you mean 'eot-3'?"),
        ({"kind": {"any_of": ["budget", "none"]}}, f"{WHERE}.control.kind: found a range, but no number"),
        ({"kind": "eot_temperature", "value": {"low": 0, "high": 5}}, "form gap takes a value from 0 and up to 1 (at"),
        ({"any_of": [{"kind": "budgt"}, "none"]}, "kind 'budgt' is unknown; did you mean 'budget'?"),
        ({"kind": "budget", "max_think": {"low": -1, "high": 5}}, "max_think: found -1, expected greater than or"),
    ],
)
def test_bad_controls_are_one_sentence_each(control: object, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        space(task_arithmetic("{low: 0, high: 1}", "1"), control)
    assert sentence in str(error.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match=r"models\.0.*low below high.*models\.1.*finite"):
        space(task_arithmetic("{low: 1, high: 0}", "{low: 0, high: .inf}"))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"budget": {"trials": 0}}, "budget.trials: found 0, expected greater than or equal to 1"),
        ({"budget": {"trial": 4}}, "budget.trial: unknown key; did you mean 'trials'?"),
        ({"goal": "token"}, "goal: found 'token', expected 'tokens' or 'front'"),
        ({"margin": 0}, "margin: found 0, expected a share above 0"),
        ({"sampler": "bayes"}, "sampler: found 'bayes', expected"),
        ({"start": ["average", "average"]}, "start names a recipe twice"),
    ],
)
def test_bad_settings_are_one_sentence_each(keys: dict[str, object], sentence: str) -> None:
    block = {"recipe": {}, "benchmark": "b", "slow": "slow"}
    with pytest.raises(ConfigError) as error:
        SearchParams.parse(block | keys, WHERE)
    assert sentence in str(error.value)
