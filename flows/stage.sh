#!/bin/sh
# Runs `l2s stage ...` in this project's own environment, so that a bare `.venv/bin/dvc repro` works
# without activating it first. `l2s run` names its own command in L2S_COMMAND, and a worker that has the
# libraries loaded in L2S_WARM (flows/warm.py); where there is none, this is a plain command.
if [ -n "$L2S_WARM" ] && [ -S "$L2S_WARM" ] && [ -x "$L2S_PYTHON" ]; then
    exec "$L2S_PYTHON" -I -S "$(dirname "$0")/ask.py" "$L2S_WARM" "$@"
fi
for command in "$L2S_COMMAND" "${VIRTUAL_ENV:+$VIRTUAL_ENV/bin/l2s}" .venv/bin/l2s; do
    if [ -n "$command" ] && [ -x "$command" ]; then
        exec "$command" stage "$@"
    fi
done
exec l2s stage "$@"
