# ruff: noqa: T201 - it is read and run in a notebook, where `print` is how one looks at things
"""A tour of the Python API, cell by cell; it runs against the embedded sandbox, needs no token and costs nothing.

Run it whole with `python docs/api_example.py`, or cell by cell in an editor that knows `# %%`. Inside a notebook a loop is
running already: write `await run(...)` there instead of `asyncio.run(run(...))`.
"""

# %% A manifest: what should exist
import asyncio
import json
from collections import Counter
from pathlib import Path

from runner import BudgetError, EventName, Finished, JobState, RunEvent, load_manifest, plan, run

Path("boats.yaml").write_text(
    """\
version: 1
name: boats
budget: {credits: 200}
prompts:
  - {id: boat, text: "a {kind} boat drifting down a river"}
variables: {kind: [paper, wooden]}
ratios: [1:1, 2:3]
""",
    encoding="utf-8",
)
manifest = load_manifest("boats.yaml")
print(manifest.name, manifest.budget)

# %% What it would make and cost: offline, nothing is written
planned = plan(manifest, sandbox=True)
print(
    f"{planned.diff.may_submit} jobs, {planned.needed} credits, {planned.books.left} left, fits: {planned.fits}"
)
for job in planned.diff.examples:
    print(job.path, "-", job.prompt)

# %% Make it, and watch
seen: Counter[EventName] = Counter()


def watch(event: RunEvent) -> None:
    """Called in this thread, in order, for everything that happens."""
    seen[event.name] += 1
    if event.name is EventName.FILE:
        print("saved", event.details["path"])


finished = asyncio.run(run(manifest, sandbox=True, sandbox_options="latency=0.05", on_event=watch))
print("exit code", finished.exit_code, dict(seen))
print("spent", finished.standing.batch.spent, "of", finished.standing.batch.budget)

# %% What came of it: a line a file, as a table library reads it
tree = Path(finished.standing.batch.output_dir)
lines = (tree / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
for row in map(json.loads, lines):
    print(row["file_name"], row["ratio"], row["variables"])

# %% A second take of everything is four more jobs, and the budget has room for one
Path("boats.yaml").write_text(Path("boats.yaml").read_text(encoding="utf-8") + "takes: 2\n", encoding="utf-8")
try:
    asyncio.run(run("boats.yaml", sandbox=True))
except BudgetError as error:
    print(error)
finished = asyncio.run(run("boats.yaml", sandbox=True, sandbox_options="latency=0.05", fit=True))
print(finished.standing.counts.by_state[JobState.DONE], "done")


# %% Stop early: cancelling is the first Ctrl-C. What is in the air is waited for, and the next run goes on
async def first_one_only() -> None:
    """Cancel the run as soon as something is submitted."""
    submitted = asyncio.Event()

    def look(event: RunEvent) -> None:
        if event.name is EventName.SUBMITTED:
            submitted.set()

    task = asyncio.create_task(run("boats.yaml", sandbox=True, budget=320, on_event=look))
    await submitted.wait()
    task.cancel()
    await asyncio.wait({task})
    print("cancelled:", task.cancelled())


asyncio.run(first_one_only())
finished = asyncio.run(run("boats.yaml", sandbox=True, sandbox_options="latency=0.05"))
print(finished.standing.counts.by_state[JobState.DONE], "done, exit code", finished.exit_code)


# %% Events as a stream, for whoever would rather iterate
async def stream() -> Finished:
    """Put each event into a queue as it comes; ``None`` is the end."""
    queue: asyncio.Queue[RunEvent | None] = asyncio.Queue()
    task = asyncio.create_task(run("boats.yaml", sandbox=True, on_event=queue.put_nowait))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    while (event := await queue.get()) is not None:
        print(event.name.value)
    return await task


print("exit code", asyncio.run(stream()).exit_code)
