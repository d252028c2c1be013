"""A video of the sandbox, paid there by hand."""

import json
import urllib.request
from typing import Any


def url_of_video(base_url: str) -> str:
    """The URL of a file that is ready."""
    body = {"prompt": "a fox", "mode": "normal", "ratio": "1:1"}
    task = _ask(f"{base_url}/v1/generate", body)["data"]["task_id"]
    while True:
        answer = _ask(f"{base_url}/v1/status?task_id={task}")["data"]
        if answer["response"]:
            return str(answer["response"][0])


def _ask(url: str, body: Any = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, content, headers), timeout=10) as answer:
        return json.load(answer)
