"""``POST /v1/generate``."""

from dataclasses import replace

from runner.sandbox.answers import HTML, Answer, Ending, no_answer, page, refusal, success
from runner.sandbox.service import Service
from runner.sandbox.tasks import Submission, plan_task, submission_in

PATH = "/v1/generate"

_HOUR_S = 3600.0
_NOTHING_ACCEPTED = ("post_dropped_before", "post_500", "post_502_html", "post_503_envelope", "post_429")
_ACCEPTED = ("post_dropped_after", "post_500_after_accept", "post_cut_body", "post_malformed")


def answer(service: Service, body: bytes, token: str) -> Answer:
    """Checks, accepts or refuses one submission; what it accepts is committed when this returns."""
    try:
        submission = submission_in(body)
    except ValueError as error:
        return service.bad_request(PATH, str(error))
    now_s = service.clock()
    if refused := _over_a_cap(service, now_s):
        return refused
    key = submission.digest
    turn = service.ledger.turn("generate", key)
    return service.held_back(_fate(service, submission, turn, token, now_s), key, turn)


def _over_a_cap(service: Service, now_s: float) -> Answer | None:
    options, ledger = service.options, service.ledger
    if options.in_flight is not None and ledger.running(now_s) >= options.in_flight:
        wait_s = (ledger.next_ready_s(now_s) or now_s) - now_s
        return service.too_many(PATH, f"More than {options.in_flight} tasks at once", wait_s)
    if options.submissions_per_hour is not None:
        oldest_s = ledger.accepted_at_s(options.submissions_per_hour)
        if oldest_s is not None and oldest_s > now_s - _HOUR_S:
            message = f"More than {options.submissions_per_hour} tasks an hour"
            return service.too_many(PATH, message, oldest_s + _HOUR_S - now_s)
    if options.balance_credits is None:
        return None
    if ledger.held_credits(now_s) + options.price_credits <= options.balance_credits:
        return None
    return service.turn_away(PATH, refusal(402, "INSUFFICIENT_CREDITS", "Insufficient credits"))


def _fate(service: Service, submission: Submission, turn: int, token: str, now_s: float) -> Answer:
    key = submission.digest
    refusing = (*_NOTHING_ACCEPTED, "image_refused") if submission.images else _NOTHING_ACCEPTED
    if fault := service.drawn(refusing, key, turn):
        service.note("generate", key, turn, fault)
        return _not_accepted(service, fault, key, turn)
    fault = service.drawn(_ACCEPTED, key, turn)
    service.note("generate", key, turn, fault or "accepted")
    task = plan_task(service.options, submission, turn, token, now_s)
    service.ledger.accept(task)
    accepted = success({"task_id": task.task_id})
    return _spoilt(service, accepted, fault, key, turn) if fault else accepted


def _not_accepted(service: Service, fault: str, key: str, turn: int) -> Answer:
    pause = service.window.retry_after(service.options.pause_s)
    match fault:
        case "post_dropped_before":
            return no_answer(reset=_is_reset(service, key, turn))
        case "post_500":
            return refusal(500, "INTERNAL_ERROR", "Internal server error")
        case "post_502_html":
            return page(502, "502 Bad Gateway")
        case "post_503_envelope":
            return refusal(503, "SERVICE_UNAVAILABLE", "Service unavailable, please try again later", pause)
        case "image_refused":
            return refusal(400, "INVALID_REQUEST", "Invalid request: An image cannot be read")
        case _:
            return refusal(429, "RATE_LIMITED", "Too many requests", pause)


def _spoilt(service: Service, accepted: Answer, fault: str, key: str, turn: int) -> Answer:
    match fault:
        case "post_dropped_after":
            return no_answer(reset=_is_reset(service, key, turn))
        case "post_500_after_accept":
            return refusal(500, "INTERNAL_ERROR", "Internal server error")
        case "post_cut_body":
            return replace(accepted, ending=Ending.CUT)
        case _:
            return Answer(200, b"<br />\n<b>Warning</b>: Undefined array key in <b>api</b>", HTML)


def _is_reset(service: Service, key: str, turn: int) -> bool:
    return service.draws.unit("reset", key, turn) < 0.5
