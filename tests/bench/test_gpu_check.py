"""``make gpu-check``: one line without a GPU; its checks find what they look for, here on a CPU."""

from pathlib import Path

import pytest
import torch

from bench import gpu_check


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_check.main() == 0
    assert capsys.readouterr().out == "no GPU here: make gpu-check has nothing to check\n"


@pytest.mark.long
def test_weights_that_are_put_back_give_their_responses_again(tmp_path: Path) -> None:
    assert gpu_check.reloading(tmp_path, "cpu").startswith("20 responses: ")
