"""The manifest's JSON Schema, for editors and ``runner schema``.

It is written by hand beside the readers; ``tests/manifest`` holds the two together: same keys, same defaults, and both
judge the same documents alike. What a schema cannot say (an id that stands twice, an unknown variable) only ``load`` does.
"""

from typing import Any

from runner.core.combination import TAKES_MAX
from runner.core.model import Capabilities, Limits, Occasion, OnUnknown, Order, Retries, Timeouts
from runner.manifest import patterns
from runner.manifest.loading import DEFAULT_LAYOUT
from runner.manifest.quantities import CREDITS_MAX
from runner.manifest.steps_schema import steps

Schema = dict[str, Any]

TITLE = "runner manifest, version"
"""How the title of every version's schema begins."""


def json_schema(capabilities: Capabilities) -> Schema:
    """The schema (JSON Schema draft 7, which every editor knows) of manifests for one provider, ready for JSON."""
    modes, ratios = capabilities.modes, capabilities.ratios
    properties: Schema = {
        "version": {"description": "The version of the manifest's format.", "const": 1},
        "name": _text("The batch's name; default: the file's stem.", pattern=patterns.NAME),
        "provider": _provider(capabilities),
        "budget": _budget(),
        "variables": _variables(),
        "prompts": _prompts(modes, ratios),
        "ratios": _words("Aspect ratios of every prompt that names none of its own.", ratios, "1:1"),
        "modes": _words("Modes of every prompt that names none of its own.", modes, "normal"),
        "takes": _whole("How many independent generations of each combination.", 1, TAKES_MAX, 1),
        "exclude": _combinations("Drop every combination that matches all the keys given.", modes, ratios),
        "include": _combinations(
            "Add single combinations that the product does not contain; take 1 unless named.",
            modes,
            ratios,
            needed=["prompt", "mode", "ratio"],
        ),
        "order": _word("In which order jobs are submitted.", tuple(Order), Order.MANIFEST),
        "limits": _limits(),
        "retries": _retries(),
        "notify": _notify(),
        "steps": steps(),
        "transfers": _transfers(),
        "output": _output(),
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"{TITLE} 1",
        **_mapping("What should exist: a batch of generated videos.", properties, ["version", "prompts"]),
    }


def _mapping(description: str, properties: Schema, required: list[str] | None = None) -> Schema:
    schema: Schema = {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    return {**schema, "required": required} if required else schema


def _text(description: str, **more: Any) -> Schema:
    return {"description": description, "type": "string", "pattern": patterns.NOT_BLANK, **more}


def _word(description: str, allowed: tuple[str, ...], default: str | None = None) -> Schema:
    schema: Schema = {"description": description, "enum": [str(word) for word in allowed]}
    return schema if default is None else {**schema, "default": str(default)}


def _words(description: str, allowed: tuple[str, ...], default: str | None = None) -> Schema:
    schema: Schema = {
        "description": description,
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"enum": list(allowed)},
    }
    if default is None:
        return schema
    return {**schema, "default": [default if default in allowed else allowed[0]]}


def _whole(description: str, low: int, high: int, default: int | None = None) -> Schema:
    schema: Schema = {"description": description, "type": "integer", "minimum": low, "maximum": high}
    return schema if default is None else {**schema, "default": default}


def _number(description: str, high: float, default: float | None = None) -> Schema:
    schema: Schema = {"description": description, "type": "number", "exclusiveMinimum": 0, "maximum": high}
    return schema if default is None else {**schema, "default": default}


def _duration(description: str, default_s: float) -> Schema:
    default = f"{default_s / 60:g}m" if default_s >= 600 else f"{default_s:g}s"
    return {"description": description, "type": "string", "pattern": patterns.DURATION, "default": default}


def _credits(description: str, default: int | None = None) -> Schema:
    return _whole(description, 1, CREDITS_MAX, default)


def _provider(capabilities: Capabilities) -> Schema:
    price = {"credits": int(capabilities.price.credits), "usd": float(capabilities.price.usd)}
    priced = _mapping(
        "What one generation costs; default: the documented price.",
        {
            "credits": _credits("Credits of one generation."),
            "usd": {"description": "The same in dollars.", "type": "number", "minimum": 0},
        },
    )
    timeouts = {
        "connect": _duration("For a connection.", Timeouts().connect_s),
        "submit": _duration("For the answer to a submission.", Timeouts().submit_s),
        "status": _duration("For the answer to a status question.", Timeouts().status_s),
    }
    properties = {
        "name": _word("The service.", (capabilities.name,), capabilities.name),
        "base_url": _text(
            "The service's address; https, or http on the loopback address.",
            pattern=patterns.BASE_URL,
            default=capabilities.base_url,
        ),
        "token_env": _text(
            "The name of the environment variable that holds the bearer token; never the token itself.",
            pattern=patterns.ENVIRONMENT_VARIABLE,
            default=capabilities.token_env,
        ),
        "price": {**priced, "minProperties": 1, "default": price},
        "timeouts": _mapping("How long to wait.", timeouts),
        "proxy": _text("An http(s) proxy, without credentials; none by default.", pattern=patterns.PROXY),
        "ca_file": _text("A file of further certificate authorities, relative to the manifest."),
    }
    return _mapping("How to reach the service.", properties)


def _budget() -> Schema:
    properties = {
        "credits": _credits("The cap in credits."),
        "usd": {"description": "The cap in dollars.", "type": "number", "exclusiveMinimum": 0},
    }
    description = "A lifetime cap for this batch, across every resume: credits or dollars."
    return {**_mapping(description, properties), "minProperties": 1, "maxProperties": 1}


def _variables() -> Schema:
    single = {"type": ["string", "number"], "pattern": patterns.NOT_BLANK}
    return {
        "description": "Values that a prompt's text may name as {variable}; the text expands over all of them.",
        "type": "object",
        "propertyNames": {"pattern": patterns.VARIABLE},
        "additionalProperties": {
            "oneOf": [single, {"type": "array", "minItems": 1, "uniqueItems": True, "items": single}]
        },
    }


def _prompts(modes: tuple[str, ...], ratios: tuple[str, ...]) -> Schema:
    traits = _traits(modes, ratios)
    own = {
        "id": _text("The prompt's id; default: a slug of its text.", pattern=patterns.NAME),
        "text": _text(
            "The prompt; {name} is a variable, {{ and }} are literal braces.", pattern=patterns.PROMPT
        ),
    }
    kinds = "A .txt, .csv, .jsonl or .yaml file of prompts, relative to the manifest."
    file = {"file": _text(kinds, pattern=patterns.PROMPT_FILE)}
    of_file = "A file of prompts; the other keys are defaults of its rows."
    return {
        "description": "The prompts: a text, a mapping, or a file of them.",
        "type": "array",
        "minItems": 1,
        "items": {
            "oneOf": [
                _text("A prompt; its id is a slug of the text.", pattern=patterns.PROMPT),
                _mapping("A prompt with more than its text.", {**own, **traits}, ["text"]),
                _mapping(of_file, {**file, **traits}, ["file"]),
            ]
        },
    }


def _traits(modes: tuple[str, ...], ratios: tuple[str, ...]) -> Schema:
    image = _text("An image's URL.", pattern=patterns.URL)
    return {
        "images": {
            "description": "http(s) URLs of images: image-to-video.",
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": image,
        },
        "ratios": _words("Instead of the manifest's ratios.", ratios),
        "modes": _words("Instead of the manifest's modes.", modes),
        "takes": _whole("Instead of the manifest's takes.", 1, TAKES_MAX),
        "meta": {"description": "Carried untouched into every metadata file.", "type": "object"},
    }


def _combinations(
    description: str, modes: tuple[str, ...], ratios: tuple[str, ...], needed: list[str] | None = None
) -> Schema:
    entry: Schema = {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "prompt": {"description": "A prompt's id.", "type": ["string", "number"]},
            "mode": _word("A mode.", modes),
            "ratio": _word("An aspect ratio.", ratios),
            "take": _whole("The number of a take.", 1, TAKES_MAX),
        },
        "additionalProperties": {"description": "A variable's value.", "type": ["string", "number"]},
    }
    return {
        "description": description,
        "type": "array",
        "items": {**entry, "required": needed} if needed else entry,
    }


def _limits() -> Schema:
    usual = Limits()
    share = {"type": "string", "pattern": patterns.SHARE}
    properties = {
        "in_flight": _whole("Tasks that may run at the service at once.", 1, 1000, usual.in_flight),
        "requests_per_minute": _number("Every API request counts.", 1_000_000, usual.requests_per_minute),
        "submissions_per_hour": _number("A cap on creations; none by default.", 1_000_000),
        "downloads": _whole("Files fetched at once.", 1, 100, usual.downloads),
        "task_deadline": _duration("After that a task is reported as overdue.", usual.task_deadline_s),
        "canary": {
            "description": "Whether the first job of each mode, and of jobs with images, of a batch of more than 20 runs alone to its file.",
            "type": "boolean",
            "default": usual.canary,
        },
        "max_failures": {
            "description": "A number or a share (5%) of failed jobs at which submission stops.",
            "oneOf": [{"type": "integer", "minimum": 1, "maximum": 10**9}, share],
        },
    }
    return _mapping("How hard the service may be asked.", properties)


def _retries() -> Schema:
    usual = Retries()
    properties = {
        "attempts": _whole(
            "Tries a run for a submission that surely never reached the service.", 1, 100, usual.attempts
        ),
        "regenerate_failed": _whole(
            "Paid re-generations of a task that the service failed.", 0, 100, usual.regenerate_failed
        ),
        "on_unknown": _word(
            "What to do when a submission's outcome is unknown.", tuple(OnUnknown), usual.on_unknown
        ),
    }
    return _mapping("What may be tried again.", properties)


def _notify() -> Schema:
    occasions = tuple(Occasion)
    properties = {
        "url": _text("A webhook of Slack, of Discord or of your own; a secret.", pattern=patterns.WEBHOOK),
        "url_env": _text(
            "The name of the environment variable that holds it.", pattern=patterns.ENVIRONMENT_VARIABLE
        ),
        "on": {**_words("What to tell of.", occasions), "default": [str(word) for word in occasions]},
    }
    described = _mapping("Whom a run tells of its end.", properties)
    return {**described, "oneOf": [{"required": ["url"]}, {"required": ["url_env"]}]}


def _transfers() -> Schema:
    properties = {
        "engine": _text(
            "Whose workers download: of a Dask scheduler (tcp://host:8786, tls://host:8786) or of a Ray cluster (ray, "
            "ray://auto, ray://host:6379); by default this process downloads.",
            pattern=patterns.ENGINE,
        )
    }
    return _mapping("Who downloads the files.", properties)


def _output() -> Schema:
    properties = {
        "dir": _text(
            "The output folder, relative to the working directory, or s3://, gs://, az://bucket/prefix; default: outputs/<name>.",
            pattern=patterns.FOLDER,
        ),
        "layout": _text("Where in it a job's file goes.", pattern=patterns.LAYOUT, default=DEFAULT_LAYOUT),
    }
    return _mapping("Where the files go.", properties)
