"""What GrokImagine takes, by the vendor's reference and, where that is silent, by its upstream."""

from decimal import Decimal

from runner.core.model import Capabilities
from runner.core.money import Credits, Price

CAPABILITIES = Capabilities(
    name="grokimagine",
    base_url="https://grokimagineapi.com",
    token_env="GROKIMAGINE_API_TOKEN",  # noqa: S106 - the name of a variable, not a token
    price=Price(credits=Credits(40), usd=Decimal("0.40")),  # the reference: 1 credit is 0.01 USD
    modes=("fun", "normal", "spicy"),
    ratios=("2:3", "3:2", "1:1"),
    prompt_chars_max=5000,  # the upstream's limit; the reference states none
    prompt_chars_advised=2000,
    modes_refused_with_images=("spicy",),  # the upstream refuses it with external images
)
"""The reference's own values, but for those marked."""
