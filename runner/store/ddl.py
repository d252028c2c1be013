"""The tables as SQLite makes them, version by version.

STRICT tables, CHECKs on every stored word, foreign keys, and the two unique indexes that make a second payment
impossible. The books are the attempts; ``batch.spent``, ``.reserved`` and ``.unknown`` are their sums, kept by triggers in
the same transaction, so that a claim need not add up a million rows; ``batch.files`` and ``.file_bytes`` are those of its
placed files, ``spending`` those of an account and a day.
"""

APPLICATION_ID = 0x6D72_756E  # "mrun": tells our file from any other SQLite database

_LIVE = "('submitting', 'running', 'unknown')"

VERSION_1 = (
    """CREATE TABLE batch (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        manifest TEXT NOT NULL,
        provider TEXT NOT NULL,
        output_dir TEXT NOT NULL,
        api_origin TEXT,
        price_credits INTEGER NOT NULL CHECK (price_credits > 0),
        price_usd TEXT NOT NULL,
        highest_charge INTEGER NOT NULL DEFAULT 0,
        budget INTEGER CHECK (budget >= 0),
        manifest_budget TEXT,
        spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
        reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
        unknown INTEGER NOT NULL DEFAULT 0 CHECK (unknown >= 0),
        generation INTEGER NOT NULL DEFAULT 0,
        fingerprint TEXT,
        tree_stale INTEGER NOT NULL DEFAULT 0 CHECK (tree_stale IN (0, 1)),
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE prompt (
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batch,
        digest BLOB NOT NULL,
        text TEXT NOT NULL,
        images TEXT NOT NULL,
        UNIQUE (batch, digest)
    ) STRICT""",
    """CREATE TABLE job (
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batch,
        job_id TEXT NOT NULL,
        prompt INTEGER NOT NULL REFERENCES prompt,
        prompt_id TEXT NOT NULL,
        mode TEXT NOT NULL,
        ratio TEXT NOT NULL,
        take INTEGER NOT NULL CHECK (take > 0),
        variables TEXT NOT NULL,
        meta TEXT NOT NULL,
        path TEXT NOT NULL,
        rank INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN
            ('pending', 'submitting', 'running', 'fetching', 'done', 'failed', 'unknown')),
        removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
        generation INTEGER NOT NULL,
        overdue INTEGER NOT NULL DEFAULT 0 CHECK (overdue IN (0, 1)),
        error TEXT,
        error_class TEXT,
        completed_at TEXT,
        UNIQUE (batch, job_id)
    ) STRICT""",
    # A full index, not a partial one: SQLite ignores a partial index for `state = ?` with a bound parameter.
    "CREATE INDEX job_in_order ON job (batch, state, removed, rank, job_id)",
    # For pages over all jobs: without it each page would sort the whole batch.
    "CREATE INDEX job_by_rank ON job (batch, rank, job_id)",
    """CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batch,
        job INTEGER NOT NULL REFERENCES job,
        outcome TEXT NOT NULL CHECK (outcome IN
            ('submitting', 'running', 'unknown', 'not_sent', 'refused', 'completed', 'failed', 'lost')),
        credits INTEGER NOT NULL CHECK (credits >= 0),
        task_id TEXT,
        candidate TEXT,
        trusted INTEGER NOT NULL DEFAULT 0 CHECK (trusted IN (0, 1)),
        note TEXT,
        submitted_at TEXT NOT NULL,
        settled_at TEXT,
        CHECK (outcome NOT IN ('not_sent', 'refused') OR (credits = 0 AND task_id IS NULL)),
        CHECK (outcome <> 'running' OR task_id IS NOT NULL)
    ) STRICT""",
    # The database itself refuses a second live payment for a job, and one task for two attempts.
    f"CREATE UNIQUE INDEX attempt_live ON attempt (job) WHERE outcome IN {_LIVE}",
    "CREATE UNIQUE INDEX attempt_task ON attempt (batch, task_id) WHERE task_id IS NOT NULL",
    "CREATE INDEX attempt_of_job ON attempt (job, id)",
    """CREATE TABLE file (
        id INTEGER PRIMARY KEY,
        job INTEGER NOT NULL REFERENCES job,
        attempt INTEGER NOT NULL REFERENCES attempt,
        position INTEGER NOT NULL CHECK (position > 0),
        url TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('wanted', 'verified', 'placed')),
        path TEXT,
        target TEXT,
        bytes INTEGER,
        sha256 TEXT,
        UNIQUE (attempt, position),
        CHECK (state = 'wanted' OR (path IS NOT NULL AND bytes IS NOT NULL AND sha256 IS NOT NULL))
    ) STRICT""",
    "CREATE INDEX file_of_job ON file (job, position)",
    """CREATE TRIGGER attempt_booked AFTER INSERT ON attempt BEGIN
        UPDATE batch SET
            reserved = reserved + iif(NEW.outcome IN LIVE, NEW.credits, 0),
            unknown = unknown + iif(NEW.outcome = 'unknown', NEW.credits, 0),
            spent = spent + iif(NEW.outcome IN LIVE, 0, NEW.credits)
        WHERE id = NEW.batch;
    END""".replace("LIVE", _LIVE),
    """CREATE TRIGGER attempt_rebooked AFTER UPDATE OF outcome, credits ON attempt BEGIN
        UPDATE batch SET
            reserved = reserved - iif(OLD.outcome IN LIVE, OLD.credits, 0) + iif(NEW.outcome IN LIVE, NEW.credits, 0),
            unknown = unknown - iif(OLD.outcome = 'unknown', OLD.credits, 0)
                              + iif(NEW.outcome = 'unknown', NEW.credits, 0),
            spent = spent - iif(OLD.outcome IN LIVE, 0, OLD.credits) + iif(NEW.outcome IN LIVE, 0, NEW.credits)
        WHERE id = NEW.batch;
    END""".replace("LIVE", _LIVE),
    """CREATE TRIGGER attempt_kept BEFORE DELETE ON attempt BEGIN
        SELECT RAISE(ABORT, 'attempts are the books and are never deleted');
    END""",
)

VERSION_2 = (
    """CREATE TABLE task_time (
        origin TEXT NOT NULL,
        kind TEXT NOT NULL,
        weights TEXT NOT NULL,
        PRIMARY KEY (origin, kind)
    ) STRICT""",
)

_COUNTED = """UPDATE batch SET files = files SIGN 1, file_bytes = file_bytes SIGN ROW.bytes
        WHERE ROW.state = 'placed' AND id = (SELECT batch FROM job WHERE id = ROW.job)"""
_WITH_NEW = _COUNTED.replace("SIGN", "+").replace("ROW", "NEW")
_WITHOUT_OLD = _COUNTED.replace("SIGN", "-").replace("ROW", "OLD")

VERSION_3 = (
    # To add up the files of a million jobs whenever somebody asks where a batch stands takes a third of a second.
    "ALTER TABLE batch ADD COLUMN files INTEGER NOT NULL DEFAULT 0 CHECK (files >= 0)",
    "ALTER TABLE batch ADD COLUMN file_bytes INTEGER NOT NULL DEFAULT 0 CHECK (file_bytes >= 0)",
    """UPDATE batch SET (files, file_bytes) = (
        SELECT count(*), coalesce(sum(file.bytes), 0) FROM file JOIN job ON job.id = file.job
        WHERE job.batch = batch.id AND file.state = 'placed'
    )""",
    f"""CREATE TRIGGER file_counted AFTER INSERT ON file WHEN NEW.state = 'placed' BEGIN
        {_WITH_NEW};
    END""",
    f"""CREATE TRIGGER file_recounted AFTER UPDATE OF job, state, bytes ON file
    WHEN OLD.state = 'placed' OR NEW.state = 'placed' BEGIN
        {_WITHOUT_OLD};
        {_WITH_NEW};
    END""",
    f"""CREATE TRIGGER file_discounted AFTER DELETE ON file WHEN OLD.state = 'placed' BEGIN
        {_WITHOUT_OLD};
    END""",
)

VERSION_4 = (
    # A take that a person asked for beyond those of the manifest, and the job that it was asked for instead of: one at most,
    # or a rejected job could be paid for twice more.
    "ALTER TABLE job ADD COLUMN instead_of INTEGER REFERENCES job",
    "CREATE UNIQUE INDEX job_instead_of ON job (instead_of) WHERE instead_of IS NOT NULL",
    # What a person thinks of a job's videos. Choices are made while a run goes on, so they have a table of their own.
    """CREATE TABLE choice (
        job INTEGER PRIMARY KEY REFERENCES job,
        flag TEXT CHECK (flag IN ('keep', 'reject')),
        rating INTEGER CHECK (rating BETWEEN 1 AND 5),
        note TEXT,
        again INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1)),
        chosen_at TEXT NOT NULL,
        pruned_at TEXT,
        revision INTEGER NOT NULL UNIQUE
    ) STRICT""",
    "CREATE INDEX choice_again ON choice (job) WHERE again = 1",
    # What was found in a placed file; it holds while the file's hash is this one.
    """CREATE TABLE media (
        file INTEGER PRIMARY KEY REFERENCES file ON DELETE CASCADE,
        sha256 TEXT NOT NULL,
        width INTEGER,
        height INTEGER,
        duration_s REAL,
        fps REAL,
        codec TEXT
    ) STRICT""",
)

VERSION_5 = (
    # Whose token pays: by a fingerprint, never itself. `cap` is in credits over all batches, by the calendar in UTC.
    """CREATE TABLE account (
        id INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE,
        cap INTEGER CHECK (cap >= 0),
        per TEXT NOT NULL DEFAULT 'ever' CHECK (per IN ('day', 'month', 'ever'))
    ) STRICT""",
    "ALTER TABLE attempt ADD COLUMN account INTEGER REFERENCES account",
    # The sums of an account's attempts by the day of their reservation: a reservation adds up these rows only.
    """CREATE TABLE spending (
        account INTEGER NOT NULL REFERENCES account,
        day TEXT NOT NULL,
        spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
        reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
        PRIMARY KEY (account, day)
    ) STRICT""",
    """CREATE TRIGGER account_booked AFTER INSERT ON attempt WHEN NEW.account IS NOT NULL BEGIN
        INSERT INTO spending (account, day) VALUES (NEW.account, substr(NEW.submitted_at, 1, 10))
            ON CONFLICT (account, day) DO NOTHING;
        UPDATE spending SET
            reserved = reserved + iif(NEW.outcome IN LIVE, NEW.credits, 0),
            spent = spent + iif(NEW.outcome IN LIVE, 0, NEW.credits)
        WHERE account = NEW.account AND day = substr(NEW.submitted_at, 1, 10);
    END""".replace("LIVE", _LIVE),
    """CREATE TRIGGER account_rebooked AFTER UPDATE OF outcome, credits ON attempt WHEN NEW.account IS NOT NULL BEGIN
        UPDATE spending SET
            reserved = reserved - iif(OLD.outcome IN LIVE, OLD.credits, 0) + iif(NEW.outcome IN LIVE, NEW.credits, 0),
            spent = spent - iif(OLD.outcome IN LIVE, 0, OLD.credits) + iif(NEW.outcome IN LIVE, 0, NEW.credits)
        WHERE account = NEW.account AND day = substr(NEW.submitted_at, 1, 10);
    END""".replace("LIVE", _LIVE),
    # The processing steps of a batch's manifests; those of the last run are wanted, in the order of their ranks.
    """CREATE TABLE step (
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batch,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        parameters TEXT NOT NULL,
        rank INTEGER NOT NULL,
        wanted INTEGER NOT NULL CHECK (wanted IN (0, 1)),
        UNIQUE (batch, key)
    ) STRICT""",
    # One step done for one file; it holds while the file's hash is this one.
    """CREATE TABLE making (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL REFERENCES step,
        file INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
        sha256 TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('verified', 'made', 'failed')),
        trouble TEXT,
        reason TEXT,
        UNIQUE (file, step),
        CHECK ((state = 'failed') = (trouble IS NOT NULL))
    ) STRICT""",
    "CREATE INDEX making_of_step ON making (step, state, file)",
    # The files that it made; partial is their name under .partial/ until they have that of the tree.
    """CREATE TABLE derived (
        id INTEGER PRIMARY KEY,
        making INTEGER NOT NULL REFERENCES making ON DELETE CASCADE,
        path TEXT NOT NULL,
        partial TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        UNIQUE (making, path)
    ) STRICT""",
    # What a run that is at work tells the others of its account: one row a batch, told anew every second. Nothing that money
    # hangs on.
    """CREATE TABLE standing (
        batch INTEGER PRIMARY KEY REFERENCES batch,
        account INTEGER NOT NULL REFERENCES account,
        origin TEXT NOT NULL,
        beat INTEGER NOT NULL,
        told_at REAL NOT NULL,
        requests_per_minute REAL NOT NULL CHECK (requests_per_minute > 0),
        submissions_per_hour REAL CHECK (submissions_per_hour > 0),
        in_flight INTEGER NOT NULL CHECK (in_flight > 0),
        wanted_per_minute REAL NOT NULL CHECK (wanted_per_minute >= 0),
        wanted_slots INTEGER NOT NULL CHECK (wanted_slots >= 0),
        taken INTEGER NOT NULL CHECK (taken >= 0),
        cap INTEGER CHECK (cap > 0),
        blocked_s REAL NOT NULL CHECK (blocked_s >= 0)
    ) STRICT""",
)
