"""Deterministic simulation: the real engine and the real store on a virtual clock, everything drawn from one seed.

    python -m tests.simulation SEED                           replay one seed, with its event log
    python -m tests.simulation --seeds 0:100000 --workers 2   the long run
    python -m tests.simulation --points [SCHEDULE]            a crash at every point of a small batch
    python -m tests.simulation --pairs [SCHEDULE]             a crash at every pair of points

The map, from the inside out:

    clock       a selector event loop whose time jumps to the next timer
    disk        a file system in memory that can lose power; the real ``Partial`` and ``place`` work on it
    mix         what one seed stands for: jobs, limits, budget, and how strong each family of faults is
    fates       what the service does with one POST or task
    service     the scripted service with its own ledger, and the provider that talks to it
    downloads   the way from the service's files into the tree
    state       the real SQLite state, its commits in our hand: they can fail, be in doubt, or be the last thing done
    process     one life of the program, from its start to its end or death
    person      what a person does while nobody runs
    checker     the promises, checked after every durable change and every request
    aftermath   the promises, checked at the end of a process and of the whole simulation
    world       one simulation: a safety phase with faults, then a liveness phase without
    points      crash points, enumerated

Which bug each check was seen to catch, put into the code by hand, and in the first seed from 0 on that showed it then:

    budget            the guard forgets what is reserved (0); the price stays after an overcharge (129)
    durable           synchronous=NORMAL (4)
    paid once         an unknown outcome is repeated without a policy (6); the table leads from it to pending (4)
    acceptance        recovery takes a dead submission for unsent (4), a lost answer counts as unsent (6); something else
                      is recorded before a task id that was read (0), or the id is not recorded at all (0), or told to
                      nobody where it cannot be recorded (32)
    unknown           an unknown outcome releases its credits (6)
    settling          0 credits for a success are booked as 0 (32); an unknown word fails a task (3); an answer about
                      another request is taken (5)
    report            exit 0 although something is undecided (5); the unknown part is counted wrongly (4); a pending job
                      is forgotten (7)
    whole or absent   a file is not synced (0), its name is not (0); it is named before its size and hash are recorded
                      (0); a page is taken for a video (6)
    never clobber     what has the name already is deleted (31)
    convergence       a single file is named as one of several (0)
    one actor         the lock is not taken (5)
    fail-stop         a commit in doubt is forgotten by the writer and the engine (18; either alone holds); a failed
                      sync counts as passing (72)
    nobody submits    what was being reserved leaves after the end of submission (15); three unknown in a row are
                      passed over (6)
    polite            twice the rate (0); submissions of an earlier process forgotten (6); the announced remainder
                      passed over (4), a 429 passed over (20); one task too many (0), resumed tasks not counted (59);
                      no canary (32), one beside what an earlier process began (571), a job paid for
                      again beside one (9821)
    interruption      posts in the air are cut off (18); they are waited for too long (622)
    clock-free        the wall clock as the engine's clock (0)
"""
