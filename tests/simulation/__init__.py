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
"""
