"""``GET /v1/status?task_id=``."""

import json
from datetime import UTC, datetime
from typing import Any

from runner.sandbox.answers import Answer, no_answer, refusal, success
from runner.sandbox.downloads import signed_path
from runner.sandbox.service import Service
from runner.sandbox.tasks import Task, TaskOutcome

PATH = "/v1/status"

_FAULTS = ("status_dropped", "status_500", "status_malformed")
_EARLY_ASKS = 3


def answer(service: Service, task_id: str | None, origin: str) -> Answer:
    """Says how a task stands; ``origin`` (``http://host:port``) is what the URLs of its files begin with."""
    if not task_id:
        return service.bad_request(PATH, "The task_id parameter is required")
    task = service.ledger.task(task_id)
    if task is None:
        return service.turn_away(PATH, _not_found())
    turn = service.ledger.turn("status", task_id)
    return service.held_back(_fate(service, task, turn, origin), task_id, turn)


def _not_found() -> Answer:
    return refusal(404, "TASK_NOT_FOUND", "Task not found")


def _fate(service: Service, task: Task, turn: int, origin: str) -> Answer:
    task_id = task.task_id
    if fault := service.drawn(_FAULTS, task_id, turn):
        service.note("status", task_id, turn, fault)
        return _spoilt(service, fault, task_id, turn)
    if turn < _EARLY_ASKS and service.strikes("status_404_early", task_id, turn):
        service.note("status", task_id, turn, "status_404_early")
        return _not_found()
    return _standing(service, task, turn, origin)


def _spoilt(service: Service, fault: str, task_id: str, turn: int) -> Answer:
    match fault:
        case "status_dropped":
            return no_answer(reset=service.draws.unit("reset", task_id, turn) < 0.5)
        case "status_500":
            return refusal(500, "INTERNAL_ERROR", "Internal server error")
        case _:
            return Answer(200, b'{"code": 200, "message": "success", "data": {"status": ')


def _standing(service: Service, task: Task, turn: int, origin: str) -> Answer:
    options = service.options
    content: dict[str, Any] = {
        "consumed_credits": task.price_credits,
        "created_at": datetime.fromtimestamp(task.created_at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": options.running_word,
        "task_id": task.task_id,
        "error_message": None,
        "request": task.submission.echo,
        "response": None,
    }
    decision = "running"
    if service.strikes("unknown_word", task.task_id, turn):
        content["status"] = decision = "unknown_word"
    elif service.clock() >= task.ready_at_s:
        decision = task.outcome.value
        content["consumed_credits"] = task.charged_credits
        if task.outcome is TaskOutcome.FAILED:
            content |= {"status": options.failed_word, "error_message": task.error_message}
        else:
            content["status"] = options.completed_word
            content["response"] = _response(service, task, turn, origin)
            decision = "completed" if content["response"] else "empty_response"
    service.note("status", task.task_id, turn, decision)
    return success(content)


def _response(service: Service, task: Task, turn: int, origin: str) -> list[str] | str | None:
    task_id = task.task_id
    if service.strikes("empty_response", task_id):
        empty_asks = service.ledger.times_decided("status", task_id, "empty_response")
        if empty_asks < service.options.empty_asks:
            return None
    life_s = 0.0 if service.strikes("url_expires_early", task_id, turn) else service.options.url_life_s
    origin = service.options.files_origin or origin
    urls = [origin + signed_path(service, task_id, number, life_s) for number in range(1, task.files + 1)]
    if service.strikes("single_url", task_id):
        return urls[0]
    return json.dumps(urls) if service.strikes("stringified_response", task_id) else urls
