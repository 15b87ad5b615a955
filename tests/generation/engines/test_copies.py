"""How the processes of vLLM's copies end."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.vllm.copies import VllmCopies
from l2s.generation.settings import PromptParams, SamplingParams


class Unwoken:
    """An engine after whose first answer a signal reaches another thread than the one that waits."""

    name, words, notes = "unwoken", None, ()

    def generate(self, *_: object) -> Iterator[Any]:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        return iter(())


@pytest.mark.long
def test_a_copy_that_no_signal_wakes_ends_in_good_order(tmp_path: Path) -> None:
    copies: Any = VllmCopies(Unwoken, [""], tmp_path)  # type: ignore[arg-type]
    assert list(copies.generate(["p"], SamplingParams(max_tokens=1), NoControl(), PromptParams())) == []
    started = copies._running.copies
    copies.close()
    assert [copy.exitcode for copy in started] == [0], "none was killed, which leaves semaphores"
