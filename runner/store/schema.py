"""The tables as SQLAlchemy speaks of them; what a database makes of them, and holds them to, stands in ``ddl``."""

from sqlalchemy import REAL, BigInteger, Column, Double, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# An integer of SQLite has 8 bytes, whatever it is called, and so has a real.
_INTEGER = BigInteger().with_variant(Integer(), "sqlite")
_REAL: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")

batch = Table(
    "batch",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("name", Text),
    Column("manifest", Text),
    Column("provider", Text),
    Column("output_dir", Text),
    Column("api_origin", Text),
    Column("price_credits", _INTEGER),
    Column("price_usd", Text),
    Column("highest_charge", _INTEGER),
    Column("budget", _INTEGER),
    Column("manifest_budget", Text),
    Column("spent", _INTEGER),
    Column("reserved", _INTEGER),
    Column("unknown", _INTEGER),
    Column("generation", _INTEGER),
    Column("fingerprint", Text),
    Column("tree_stale", _INTEGER),
    Column("created_at", Text),
    Column("updated_at", Text),
    Column("files", _INTEGER),
    Column("file_bytes", _INTEGER),
)

prompt = Table(
    "prompt",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("batch", _INTEGER),
    Column("digest", LargeBinary),
    Column("text", Text),
    Column("images", Text),
)

job = Table(
    "job",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("batch", _INTEGER),
    Column("job_id", Text),
    Column("prompt", _INTEGER),
    Column("prompt_id", Text),
    Column("mode", Text),
    Column("ratio", Text),
    Column("take", _INTEGER),
    Column("variables", Text),
    Column("meta", Text),
    Column("path", Text),
    Column("rank", _INTEGER),
    Column("state", Text),
    Column("removed", _INTEGER),
    Column("generation", _INTEGER),
    Column("overdue", _INTEGER),
    Column("error", Text),
    Column("error_class", Text),
    Column("completed_at", Text),
    Column("instead_of", _INTEGER),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("batch", _INTEGER),
    Column("job", _INTEGER),
    Column("outcome", Text),
    Column("credits", _INTEGER),
    Column("task_id", Text),
    Column("candidate", Text),
    Column("trusted", _INTEGER),
    Column("note", Text),
    Column("submitted_at", Text),
    Column("settled_at", Text),
    Column("account", _INTEGER),
)

account = Table(
    "account",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("fingerprint", Text),
    Column("cap", _INTEGER),
    Column("per", Text),
)

spending = Table(
    "spending",
    metadata,
    Column("account", _INTEGER, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("spent", _INTEGER),
    Column("reserved", _INTEGER),
)

file = Table(
    "file",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("job", _INTEGER),
    Column("attempt", _INTEGER),
    Column("position", _INTEGER),
    Column("url", Text),
    Column("state", Text),
    Column("path", Text),
    Column("target", Text),
    Column("bytes", _INTEGER),
    Column("sha256", Text),
)

task_time = Table(
    "task_time",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("weights", Text),
)

choice = Table(
    "choice",
    metadata,
    Column("job", _INTEGER, primary_key=True),
    Column("flag", Text),
    Column("rating", _INTEGER),
    Column("note", Text),
    Column("again", _INTEGER),
    Column("chosen_at", Text),
    Column("pruned_at", Text),
    Column("revision", _INTEGER),
)

media = Table(
    "media",
    metadata,
    Column("file", _INTEGER, primary_key=True),
    Column("sha256", Text),
    Column("width", _INTEGER),
    Column("height", _INTEGER),
    Column("duration_s", _REAL),
    Column("fps", _REAL),
    Column("codec", Text),
)

step = Table(
    "step",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("batch", _INTEGER),
    Column("key", Text),
    Column("kind", Text),
    Column("parameters", Text),
    Column("rank", _INTEGER),
    Column("wanted", _INTEGER),
)

making = Table(
    "making",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("step", _INTEGER),
    Column("file", _INTEGER),
    Column("sha256", Text),
    Column("state", Text),
    Column("trouble", Text),
    Column("reason", Text),
)

derived = Table(
    "derived",
    metadata,
    Column("id", _INTEGER, primary_key=True),
    Column("making", _INTEGER),
    Column("path", Text),
    Column("partial", Text),
    Column("bytes", _INTEGER),
    Column("sha256", Text),
)

standing = Table(
    "standing",
    metadata,
    Column("batch", _INTEGER, primary_key=True),
    Column("account", _INTEGER),
    Column("origin", Text),
    Column("beat", _INTEGER),
    Column("told_at", _REAL),
    Column("requests_per_minute", _REAL),
    Column("submissions_per_hour", _REAL),
    Column("in_flight", _INTEGER),
    Column("wanted_per_minute", _REAL),
    Column("wanted_slots", _INTEGER),
    Column("taken", _INTEGER),
    Column("cap", _INTEGER),
    Column("blocked_s", _REAL),
)
