from pathlib import Path

import pytest

from tests.training.small import taught, write_inputs, write_model


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory, inputs: dict[str, Path]) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return taught(write_model(folder / "random"), inputs, folder / "small")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_inputs(tmp_path_factory.mktemp("inputs"))
