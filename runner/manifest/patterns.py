r"""The regular expressions of the JSON Schema: what a text must look like, as far as one text shows it.

They are for editors too, so they keep to what ECMA-262 and Python read alike: no flags, no ``\w`` (which is ASCII there).
They may let pass what the readers refuse, never the other way round.
"""

from runner.manifest.loading import RESERVED
from runner.manifest.prompts import NAME as _BATCH_OR_PROMPT

_AMOUNT = r"[0-9]+(\.[0-9]+)?"
_SAFE = r"[^\s?#@\\]"  # within an address that holds no credentials, no query and no fragment
_HTTP, _HTTPS = "[hH][tT][tT][pP]", "[hH][tT][tT][pP][sS]"
_LOOPBACK = r"(localhost|[^\s?#@\\/:]+\.localhost|127(\.[0-9]{1,3}){3}|\[[0:]*:0*1\])"
_VARIABLE = r"[^{}\s0-9.:!-][^{}\s.:!]*"

NOT_BLANK = r"\S"
NAME = f"^{_BATCH_OR_PROMPT.pattern}$"
ENVIRONMENT_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
DURATION = (
    "^(?=[0-9])(?=.*[1-9])" + "".join(rf"({_AMOUNT}{unit})?" for unit in ("d", "h", "m", "s", "ms")) + "$"
)
SHARE = r"^(?=.*[1-9])[0-9]{1,3}(\.[0-9]{1,6})? ?%$"
URL = rf"^{_HTTP}[sS]?://\S+$"
PROXY = rf"^{_HTTP}[sS]?://[^\s@]+$"
BASE_URL = rf"^({_HTTPS}://{_SAFE}+|{_HTTP}://{_LOOPBACK}(:[0-9]{{1,5}})?(/{_SAFE}*)?)$"
WEBHOOK = rf"^({_HTTPS}://[^\s@#/?]+|{_HTTP}://{_LOOPBACK}(:[0-9]{{1,5}})?)([/?][^\s#]*)?$"
PROMPT = rf"^(?=[\s\S]*\S)([^{{}}]|\{{\{{|\}}\}}|\{{{_VARIABLE}\}})*$"
VARIABLE = f"^(?!({'|'.join(RESERVED)})$){_VARIABLE}$"
PROMPT_FILE = r"\.([tT][xX][tT]|[cC][sS][vV]|[jJ][sS][oO][nN][lL]|[yY][aA]?[mM][lL])$"
_HOST_PORT = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}"
ENGINE = rf"^((tcp|tls)://{_HOST_PORT}|ray(://(auto|{_HOST_PORT}))?)$"
FOLDER = r"^(?!~)(?!\$(\{|[A-Za-z_]))(?=[\s\S]*\S)"
LAYOUT = r"^(?![/~])(?![A-Za-z]:)(?!(.*/)?\.{1,2}(/|$))(?=.*\S)[^\\]*$"
