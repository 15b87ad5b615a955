#!/bin/sh
# Runs `l2s stage ...` in this project's own environment, so that a bare `.venv/bin/dvc repro` works
# without activating it first. L2S_COMMAND names another program to run in its place.
for command in "$L2S_COMMAND" "${VIRTUAL_ENV:+$VIRTUAL_ENV/bin/l2s}" .venv/bin/l2s; do
    if [ -n "$command" ] && [ -x "$command" ]; then
        exec "$command" stage "$@"
    fi
done
exec l2s stage "$@"
