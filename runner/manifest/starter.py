"""The manifest that ``runner init`` writes."""

from runner.core.model import Capabilities

NAME = "starter"
"""The batch's name in it."""

_TEXT = """\
# yaml-language-server: $schema=./manifest.schema.json
#
# What should exist. See what it would cost:  runner plan {file}
# Try it without a token, free of charge:     runner run {file} --sandbox
# Make it:                                    runner run {file}
version: 1
name: {name}                     # names the outputs; leave it alone once a batch has begun

# The runner stops before it would spend more than this, across every resume.
# One generation costs {price} credits; this manifest asks for {jobs} generations.
budget: {{credits: {budget}}}

variables:
  animal: [red fox, snowy owl]

prompts:
  - a calm lake at sunrise, mountains behind it
  - id: animals                   # names the folder; without it, a slug of the text does
    text: "a {{animal}} in the morning mist"   # once for each animal

ratios: [{ratio}]                     # any of: {ratios}
modes: [{mode}]                   # any of: {modes}
takes: 1                          # generations of each combination

# Further keys, with their defaults:
# order: manifest                 # breadth: take 1 of everything first; shuffle
# limits: {{in_flight: 10, requests_per_minute: 120, downloads: 8}}
# notify: {{url_env: MY_WEBHOOK}}   # none; a variable with the address of a Slack or Discord webhook
# output: {{dir: outputs/{name}}}
"""

JOBS = 3
"""How many jobs the starter asks for: one text without variables and one with two values."""


def starter(capabilities: Capabilities, file: str = "starter.yaml") -> str:
    """The text of a small commented manifest, valid as it is; ``file`` is the name that its comments show."""
    price = int(capabilities.price.credits)
    return _TEXT.format(
        file=file,
        name=NAME,
        price=price,
        jobs=JOBS,
        budget=price * JOBS,
        ratio="1:1" if "1:1" in capabilities.ratios else capabilities.ratios[0],
        ratios=", ".join(capabilities.ratios),
        mode="normal" if "normal" in capabilities.modes else capabilities.modes[0],
        modes=", ".join(capabilities.modes),
    )
