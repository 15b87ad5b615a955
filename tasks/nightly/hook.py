"""Telling somebody of a regression: a command, a webhook, or both; each at most once a night.

The command is started without a shell, so that nothing in a model's name or an error can become one.
"""

import json
import subprocess
from typing import Any
from urllib.parse import urlsplit

from l2s.nightly.settings import HookParams


def notify(hook: HookParams, news: dict[str, Any]) -> list[str]:
    """Hand the news on; a sentence for each way that failed.

    Args:
        hook: whom.
        news: JSON values, what the command reads on its input and the webhook is posted.
    """
    failures = []
    if hook.command:
        failures += _command(hook, json.dumps(news, ensure_ascii=False))
    if hook.webhook is not None:
        failures += _webhook(hook.webhook, hook.timeout, news)
    return failures


def _command(hook: HookParams, text: str) -> list[str]:
    name = hook.command[0]
    try:
        done = subprocess.run(
            hook.command, input=text, capture_output=True, text=True, timeout=hook.timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return [f"nightly.on_regression.command: {name} did not end within {hook.timeout:g} s"]
    except OSError as error:
        return [f"nightly.on_regression.command: {name} cannot be started: {error.strerror}"]
    if done.returncode:
        said = " ".join(done.stderr.split())[-200:]
        return [f"nightly.on_regression.command: {name} ended with {done.returncode}{': ' if said else ''}{said}"]
    return []


def _webhook(address: str, timeout: float, news: dict[str, Any]) -> list[str]:
    """The address may hold a secret, so that messages name its host alone."""
    import httpx

    host = urlsplit(address).hostname
    try:
        answer = httpx.post(address, json=news, timeout=timeout, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [f"nightly.on_regression.webhook: {host} cannot be reached: {type(error).__name__}"]
    if not answer.is_success:
        return [f"nightly.on_regression.webhook: {host} answered {answer.status_code}"]
    return []
