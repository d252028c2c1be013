"""The tables as SQLAlchemy speaks of them; what SQLite makes of them, and holds them to, stands in ``ddl``."""

from sqlalchemy import REAL, Column, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("manifest", Text),
    Column("provider", Text),
    Column("output_dir", Text),
    Column("api_origin", Text),
    Column("price_credits", Integer),
    Column("price_usd", Text),
    Column("highest_charge", Integer),
    Column("budget", Integer),
    Column("manifest_budget", Text),
    Column("spent", Integer),
    Column("reserved", Integer),
    Column("unknown", Integer),
    Column("generation", Integer),
    Column("fingerprint", Text),
    Column("tree_stale", Integer),
    Column("created_at", Text),
    Column("updated_at", Text),
    Column("files", Integer),
    Column("file_bytes", Integer),
)

prompt = Table(
    "prompt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", Integer),
    Column("digest", LargeBinary),
    Column("text", Text),
    Column("images", Text),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", Integer),
    Column("job_id", Text),
    Column("prompt", Integer),
    Column("prompt_id", Text),
    Column("mode", Text),
    Column("ratio", Text),
    Column("take", Integer),
    Column("variables", Text),
    Column("meta", Text),
    Column("path", Text),
    Column("rank", Integer),
    Column("state", Text),
    Column("removed", Integer),
    Column("generation", Integer),
    Column("overdue", Integer),
    Column("error", Text),
    Column("error_class", Text),
    Column("completed_at", Text),
    Column("instead_of", Integer),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", Integer),
    Column("job", Integer),
    Column("outcome", Text),
    Column("credits", Integer),
    Column("task_id", Text),
    Column("candidate", Text),
    Column("trusted", Integer),
    Column("note", Text),
    Column("submitted_at", Text),
    Column("settled_at", Text),
)

file = Table(
    "file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Integer),
    Column("attempt", Integer),
    Column("position", Integer),
    Column("url", Text),
    Column("state", Text),
    Column("path", Text),
    Column("target", Text),
    Column("bytes", Integer),
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
    Column("job", Integer, primary_key=True),
    Column("flag", Text),
    Column("rating", Integer),
    Column("note", Text),
    Column("again", Integer),
    Column("chosen_at", Text),
    Column("pruned_at", Text),
    Column("revision", Integer),
)

media = Table(
    "media",
    metadata,
    Column("file", Integer, primary_key=True),
    Column("sha256", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_s", REAL),
    Column("fps", REAL),
    Column("codec", Text),
)

step = Table(
    "step",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", Integer),
    Column("key", Text),
    Column("kind", Text),
    Column("parameters", Text),
    Column("rank", Integer),
    Column("wanted", Integer),
)

making = Table(
    "making",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("step", Integer),
    Column("file", Integer),
    Column("sha256", Text),
    Column("state", Text),
    Column("trouble", Text),
    Column("reason", Text),
)

derived = Table(
    "derived",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("making", Integer),
    Column("path", Text),
    Column("partial", Text),
    Column("bytes", Integer),
    Column("sha256", Text),
)
