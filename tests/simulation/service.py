"""The scripted service: what it accepted and charged is its own ledger, which no crash of ours touches."""

import hashlib
import math
import struct
from dataclasses import dataclass

from runner.core.money import Credits
from runner.core.outcomes import (
    Accepted,
    Announcement,
    Completed,
    Echo,
    ErrorClass,
    Failed,
    GenerationRequest,
    NotFound,
    NothingLearned,
    NotSent,
    RefusalKind,
    Refused,
    Running,
    TaskId,
    Throttled,
    Unknown,
)

from .fates import PostFate, TaskFate, draw_post, draw_task, heal
from .mix import PRICE

WINDOW_S = 60.0
_ACCEPTING = frozenset({"accepted", "lost after", "hangs", "late error", "candidate", "bug after"})
_REFUSALS = {
    "refused": (RefusalKind.REQUEST, ErrorClass.VALIDATION),
    "account": (RefusalKind.ACCOUNT, ErrorClass.AUTH),
    "credit": (RefusalKind.CREDIT, ErrorClass.CREDIT),
    "address": (RefusalKind.ADDRESS, ErrorClass.SERVICE),
}


@dataclass(eq=False)
class Post:
    """One POST that left: for which job and attempt (rows of the state), and what the service made of it."""

    number: int
    process: int
    job: int
    attempt: int
    request: GenerationRequest
    fate: PostFate
    sent_at: float
    is_open: bool = True  # it may still be accepted
    was_answered: bool = False  # and its sender read the answer
    task: "Task | None" = None


@dataclass(eq=False)
class Task:
    """A generation that the service accepted, and will charge for; ``told`` is the last end that a process heard."""

    task_id: TaskId
    post: Post
    fate: TaskFate
    accepted_at: float
    asks_when_done: int = 0
    told: Completed | Failed | None = None

    def has_ended(self, now):
        return now >= self.accepted_at + self.fate.lasts_s

    def cost(self, now):
        """What the service charges: the quoted price until it ended, and where it says nothing readable.

        Second thoughts cost what the failure did until it names a file: before that, nobody could book them.
        """
        if not self.has_ended(now):
            return PRICE
        charged = self.fate.charged
        if self.is_failure or (self.fate.has_second_thoughts and self.asks_when_done <= self.fate.empty_asks):
            return PRICE if charged is None else charged
        return charged or PRICE

    @property
    def is_failure(self):
        """Whether it failed; one that has second thoughts did so only until somebody asks again."""
        return self.fate.is_failure and not (self.fate.has_second_thoughts and self.asks_when_done > 1)

    def video(self, position):
        """One of its files: a whole, small MP4 that equals no other."""
        payload = hashlib.sha256(f"{self.task_id}/{position}".encode()).digest()
        payload *= self.fate.video_bytes // len(payload)
        moov = _box(b"moov", _box(b"mvhd", bytes(20)))
        return _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + moov + _box(b"mdat", payload)


class Service:
    """``tasks`` is the ledger, in order of acceptance; ``posts`` are all that ever left.

    ``scripted`` holds the fate of the n-th task where it is not to be drawn, ``scripted_posts`` the words of the next POSTs.
    """

    def __init__(self, mix):
        self.mix = mix
        self.posts = []
        self.tasks = {}
        self._posts_draw, self._polls_draw = mix.random("posts"), mix.random("polls")
        self.scripted, self.scripted_posts = {}, []
        self._arrivals = {}
        self._outage = (0.0, 0.0)
        self._most_in_window = None
        draw = mix.random("service")
        if mix.is_on("outages"):
            start = draw.choice((0.0, draw.uniform(0.0, 300.0)))
            self._outage = (start, start + draw.choice((30.0, 300.0, 2000.0)))
        self._most_running = 1 + int(3 * mix.rates["hidden cap"]) if mix.is_on("hidden cap") else None
        if mix.is_on("announced rate"):
            self._most_in_window = draw.choice((4, 12, 20, 60))

    def heal(self):
        """Every fault off, for the tasks that there are as well."""
        self.mix, self._outage = self.mix.healed(), (0.0, 0.0)
        self._most_in_window = self._most_running = None
        self.scripted_posts.clear()
        for task in self.tasks.values():
            heal(task.fate)

    def change(self, mix):
        """Other faults from here on."""
        self.mix = mix

    def is_out(self, now):
        """Whether nobody can reach it."""
        return self._outage[0] <= now < self._outage[1]

    # Submissions

    def sent(self, process, reservation, request, now):
        """A POST is about to leave; what will become of it is decided here."""
        scripted = self.scripted_posts.pop(0) if self.scripted_posts else None
        fate = draw_post(self.mix, self._posts_draw, scripted)
        if self.is_out(now):
            fate = PostFate("not sent", fate.travel_s, fate.answer_s)
        job, attempt = reservation
        post = Post(len(self.posts) + 1, process, job, attempt, request, fate, now)
        post.is_open = fate.word not in {"not sent", "bad certificate", "bug before"}
        self.posts.append(post)
        return post

    def arrived(self, post, now):
        """The request is there. Gives the task, if it was accepted."""
        post.is_open = False
        word = post.fate.word
        if word == "repeated id" and not self.tasks:
            word = "accepted"
        if self._counted(now):
            word = "over the limit"
        elif self._most_running is not None and self._running(now) >= self._most_running:
            word = "too many tasks"
        post.fate = PostFate(word, post.fate.travel_s, post.fate.answer_s, post.fate.after_s)
        if word not in _ACCEPTING:
            return None
        number = len(self.tasks) + 1
        fate = self.scripted.get(number) or draw_task(self.mix, self.mix.random(f"task {number}"))
        post.task = Task(TaskId(f"task-{number}"), post, fate, now)
        self.tasks[post.task.task_id] = post.task
        return post.task

    def answer(self, post, now):
        """What the sender of a POST reads, or sees instead of an answer."""
        fate, limits, task = post.fate, self._announced(now), post.task
        match fate.word:
            case "accepted":
                return Accepted(task.task_id, limits)
            case "repeated id":
                return Accepted(next(iter(self.tasks)), limits)
            case "candidate":
                return Unknown("the body was cut", candidate=task.task_id)
            case "wrong candidate":
                return Unknown("no JSON", candidate=TaskId(f"never-{post.number}"))
            case "other's candidate":
                return Unknown("no JSON", candidate=next(reversed(self.tasks), None))
            case "redirected":
                return Unknown("redirected", stops_run=True)
            case "not sent" | "bad certificate":
                return NotSent(fate.word, stops_run=fate.word == "bad certificate")
            case "throttled" | "over the limit" | "too many tasks":
                return self._not_now(fate, limits, now)
            case "refused" | "account" | "credit" | "address":
                kind, error_class = _REFUSALS[fate.word]
                return Refused(kind, fate.word, error_class, limits)
            case "bug before" | "bug after":
                raise RuntimeError("a bug of the provider")
        return Unknown(fate.word)

    def _not_now(self, fate, limits, now):
        """A refusal in passing."""
        after_s = self._window_left_s(now) if fate.word == "over the limit" else fate.after_s
        if fate.word == "too many tasks" and limits.remaining is None:
            limits = Announcement(500, 60.0)
        return Throttled(fate.word, after_s, limits)

    # Questions

    def status(self, task_id, now):
        """What it says about a task."""
        if self.is_out(now):
            return NothingLearned("unreachable", reached=False)
        if self._counted(now):
            return Throttled("too many requests", self._window_left_s(now), self._announced(now))
        return self._disturbance(now) or self._said(task_id, now)

    def told_to_person(self, task_id):
        """What a person is told who asks before paying again."""
        task = self.tasks[task_id]
        said = self._said(task_id, task.accepted_at + max(task.fate.lasts_s, task.fate.hidden_s))
        if isinstance(said, Completed | Failed):
            task.told = said
        return said

    def file(self, url, now):
        """The bytes behind a URL; ``None``: it has run out."""
        task_id, position, minted = url.removeprefix("https://cdn.example/").replace("?t=", "/").split("/")
        task = self.tasks[task_id]
        return None if now - float(minted) > task.fate.url_life_s else task.video(int(position))

    def _disturbance(self, now):
        draw, rates, limits = self._polls_draw, self.mix.rates, self._announced(now)
        if draw.random() < rates.get("silent status", 0.0):
            return NothingLearned("no answer", reached=draw.random() < 0.5)
        if draw.random() < rates.get("throttled", 0.0) * 0.3:
            return Throttled("slow down", draw.choice((None, 5.0, 60.0)), limits)
        if draw.random() < rates.get("account stops", 0.0) * 0.1:
            return Refused(RefusalKind.ACCOUNT, "the token is not valid", ErrorClass.AUTH, limits)
        return None

    def _said(self, task_id, now):
        task, limits, draw = self.tasks.get(task_id), self._announced(now), self._polls_draw
        if task is None or now < task.accepted_at + task.fate.hidden_s:
            return NotFound("no such task", limits)
        echo = _echo(task)
        is_odd = draw.random() < self.mix.rates.get("odd words", 0.0)
        if is_odd or not task.has_ended(now):
            return Running("moderating" if is_odd else None, echo, limits)
        charged = None if task.fate.charged is None else Credits(task.fate.charged)
        task.asks_when_done += 1
        if task.is_failure:
            return Failed("it did not work", ErrorClass.SERVICE, charged, echo, limits)
        return Completed(self._urls(task, now), charged, echo, limits)

    def _urls(self, task, now):
        fate = task.fate
        if task.asks_when_done <= fate.empty_asks:
            return ()
        urls = fate.urls - (task.asks_when_done <= fate.empty_asks + fate.growing)
        life = fate.url_life_s
        minted = 0.0 if life == float("inf") else now // life * life
        return tuple(
            f"https://cdn.example/{task.task_id}/{position}?t={minted}" for position in range(1, urls + 1)
        )

    def _running(self, now):
        # One that never ends would refuse everything for ever, and the run waits for as long as it is refused.
        return sum(not task.has_ended(now) and task.fate.lasts_s < math.inf for task in self.tasks.values())

    # The rate that it announces: fixed windows of a minute.

    def _counted(self, now):
        """Count a request; whether it is over the limit."""
        window = int(now // WINDOW_S)
        self._arrivals[window] = self._arrivals.get(window, 0) + 1
        return self._most_in_window is not None and self._arrivals[window] > self._most_in_window

    def _announced(self, now):
        if self._most_in_window is None:
            return Announcement()
        left = max(0, self._most_in_window - self._arrivals.get(int(now // WINDOW_S), 0))
        return Announcement(left, self._window_left_s(now))

    def _window_left_s(self, now):
        return WINDOW_S - now % WINDOW_S


def _echo(task):
    request = task.post.request
    match task.fate.echo:
        case "other prompt":
            return Echo("a prompt of somebody else", request.mode)
        case "other mode":
            return Echo(request.prompt, "another")
        case "silent":
            return Echo()
    return Echo(request.prompt, request.mode)


def _box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body
