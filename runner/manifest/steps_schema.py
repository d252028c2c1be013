"""What the JSON Schema says of ``steps``."""

from typing import Any

from runner.core.processing import StepKind
from runner.manifest import patterns
from runner.manifest.processing import CODECS, FPS_MAX, FUNCTION, HEIGHT, SIZE

Schema = dict[str, Any]


def steps() -> Schema:
    """The list of steps: words, and mappings of one key."""
    alone: Schema = {
        "description": "A step that needs nothing but its name.",
        "enum": [StepKind.PROBE.value, StepKind.FRAMES.value, StepKind.THUMBNAIL.value],
    }
    kinds = [_transcode(), _frames(), _thumbnail(), _python()]
    return {
        "description": "What is made of every video once it is there; costs nothing.",
        "type": "array",
        "minItems": 1,
        "items": {"oneOf": [alone, *kinds]},
    }


def _transcode() -> Schema:
    properties: Schema = {
        "height": {
            "description": "The height in pixels, an even number; the width follows.",
            "type": "integer",
            "minimum": HEIGHT[0],
            "maximum": HEIGHT[1],
            "multipleOf": 2,
        },
        "fps": {
            "description": "Frames a second.",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": FPS_MAX,
        },
        "codec": {"description": "The codec of the pictures.", "enum": list(CODECS), "default": CODECS[0]},
    }
    return _step(
        StepKind.TRANSCODE, {**_mapping("Another video of the same, as MP4.", properties), "minProperties": 1}
    )


def _frames() -> Schema:
    every: Schema = {
        "description": "The time from one picture to the next.",
        "type": "string",
        "pattern": patterns.DURATION,
        "default": "1s",
    }
    return _step(StepKind.FRAMES, _mapping("Pictures of it, as JPEG.", {"every": every}))


def _thumbnail() -> Schema:
    size: Schema = {
        "description": "Its longer side in pixels.",
        "type": "integer",
        "minimum": SIZE[0],
        "maximum": SIZE[1],
        "default": 320,
    }
    return _step(StepKind.THUMBNAIL, _mapping("One picture that stands for it, as JPEG.", {"size": size}))


def _python() -> Schema:
    description = "A function of your own, module:function; runs with --allow-code only."
    return _step(StepKind.PYTHON, {"description": description, "type": "string", "pattern": FUNCTION})


def _step(kind: StepKind, schema: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [kind.value],
        "properties": {kind.value: schema},
    }


def _mapping(description: str, properties: Schema) -> Schema:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
