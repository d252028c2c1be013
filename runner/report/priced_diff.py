"""A plan for people: what is new and what it costs, by prompt and by mode and ratio, in 80 columns."""

from collections.abc import Iterator

from runner.core.breakdown import PROMPTS_MAX, Breakdown, Share
from runner.core.counting import noun
from runner.core.likely_time import likely_s
from runner.core.model import Job, JobState, OnUnknown
from runner.core.plan import Plan
from runner.core.safe_text import for_terminal
from runner.report.columns import cut, cut_inside, padded, width_of
from runner.report.payload import dollars

COLUMNS = 80
PROMPTS_SHOWN = 12
"""The rows of the table by prompt; the rest is summed up in one more."""

_LABEL = 32
_REQUEST = 30  # so much of a request is worth a place on its path's line


def plan_text(plan: Plan) -> str:
    """The dry run: the diff in a line, the tables, the money, the time, and examples. The diff ends at the first empty line."""
    lines = [f"batch {plan.batch} ({for_terminal(plan.manifest)})", *_diff(plan), ""]
    if plan.diff.breakdown is not None:
        lines += [*_tables(plan, plan.diff.breakdown), ""]
    lines += [*_money(plan), *_time(plan), *_policies(plan), *_examples(plan.diff.examples, plan)]
    return "\n".join(lines)


def _diff(plan: Plan) -> Iterator[str]:
    diff, states = plan.diff, plan.diff.by_state
    parts = [
        ("+", diff.new, "new"),
        (">", states[JobState.PENDING], "pending"),
        ("~", diff.in_flight, "in flight"),
        ("=", states[JobState.DONE], "done"),
        ("!", states[JobState.UNKNOWN], "unknown"),
        ("x", states[JobState.FAILED], "failed"),
        ("-", diff.removed, "removed"),
    ]
    always = {"new", "done"}
    line = " "
    for part in [f"{sign} {number} {word}" for sign, number, word in parts if number or word in always]:
        if len(line) + 2 + len(part) > COLUMNS:
            yield line
            line = " "
        line += f"  {part}" if line.strip() else f" {part}"
    yield line


def _tables(plan: Plan, breakdown: Breakdown) -> Iterator[str]:
    shown, rest = breakdown.largest_prompts(PROMPTS_SHOWN)
    more = len(breakdown.by_prompt) - len(shown)
    yield _head("by prompt")
    for prompt_id, share in shown:
        yield _row(plan, prompt_id, share)
    if more:
        yield _row(plan, f"and {more} more", rest)
    if breakdown.behind.jobs:
        yield _row(plan, f"prompts after the {PROMPTS_MAX}th", breakdown.behind)
    yield ""
    yield _head("by mode and ratio")
    total = Share()
    for (mode, ratio), share in breakdown.by_mode_and_ratio.items():
        total.include(share)
        yield _row(plan, f"{mode} {ratio}", share)
    yield _row(plan, "in all", total)
    if plan.diff.may_submit < total.to_submit:
        yield f"  --limit: this call submits {plan.diff.may_submit} of these {total.to_submit}"


def _head(label: str) -> str:
    return f"  {label:<{_LABEL}}{'submit':>8}{'done':>8}{'other':>7}{'credits':>11}{'USD':>12}"


def _row(plan: Plan, label: str, share: Share) -> str:
    amount = plan.price * share.to_submit
    name = padded(cut_inside(for_terminal(label), _LABEL - 3), _LABEL - 2)
    cost = f"{amount:>11}{dollars(plan.quoted, amount):>12}"
    return f"    {name}{share.to_submit:>8}{share.done:>8}{share.other:>7}{cost}"


def _money(plan: Plan) -> Iterator[str]:
    books, price = plan.books, plan.quoted
    yield f"  price     {plan.price} credits ({dollars(price, plan.price)}) a generation"
    jobs = f"{plan.diff.may_submit} {noun(plan.diff.may_submit, 'job')}"
    yield f"  needed    {plan.needed} credits ({dollars(price, plan.needed)}) for {jobs}"
    yield (
        f"  spent     {books.spent} credits ({dollars(price, books.spent)}), "
        f"reserved {books.reserved} (of which unknown {books.unknown})"
    )
    some = f"{plan.fit_jobs} {noun(plan.fit_jobs, 'job does', 'jobs do')}"
    if plan.account is not None and plan.account.left is not None:
        fits = "fits" if plan.fits_account else f"DOES NOT FIT: {some}"
        yield f"  account   {plan.account.terms}, {plan.account.left} left: {fits}"
    if books.budget is None or books.left is None:
        yield "  budget    none: `run` will ask, or needs --yes"
        return
    cap = f"{books.budget} credits ({dollars(price, books.budget)}), {books.left} left"
    if plan.fits_budget:
        after = books.left - plan.needed
        yield f"  budget    {cap}: fits"
        yield f"  leaves    {after} credits ({dollars(price, after)}) after this call"
    else:
        yield f"  budget    {cap}: DOES NOT FIT: {some}"


def _time(plan: Plan) -> Iterator[str]:
    least = _duration(plan.seconds_at_least)
    yield f"  requests  {plan.requests} at least, {least} at the configured rate"
    if not plan.diff.may_submit and not plan.diff.in_flight:
        return
    likely = likely_s(plan, plan.task_times)
    if likely is None:
        yield "  time      not known yet: no such task was seen to end so far"
        return
    low, high = map(_duration, likely)
    span = low if low == high else f"{low} to {high}"
    yield f"  time      likely {span}, by the times of earlier tasks"


def _policies(plan: Plan) -> Iterator[str]:
    """What may be paid for on top, because the manifest says so."""
    if times := plan.retries.regenerate_failed:
        yield f"  on top    each failed task is paid for again, up to {times} times (retries.regenerate_failed)"
    if plan.retries.on_unknown is OnUnknown.RESUBMIT:
        yield "  on top    each unknown outcome is paid for again (retries.on_unknown)"


def _examples(examples: tuple[Job, ...], plan: Plan) -> Iterator[str]:
    if examples:
        yield f"  first {len(examples)} of {plan.diff.may_submit}:"
    for job in examples:
        kind, prompt = f"{job.mode} {job.ratio}", for_terminal(job.prompt, COLUMNS)
        yield from _fitted(f"    {job.path}", f"{kind}  {prompt}")


def _fitted(path: str, request: str) -> Iterator[str]:
    """A path is never cut: somebody may look for the file. What does not fit beside it stands below."""
    if width_of(path) + 2 + min(width_of(request), _REQUEST) <= COLUMNS:
        yield cut(f"{path}  {request}", COLUMNS)
    else:
        yield path
        yield cut(f"      {request}", COLUMNS)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
