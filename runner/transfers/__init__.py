"""Downloads by workers on other machines, through an engine that exists.

``engine`` is what is asked of one: to call a function somewhere. ``on_dask`` and ``on_ray`` are those there are, and nothing
else here knows them; Ray itself lives in a process of its own (``ray_driver``, with ``ray_hands`` and ``ray_hand``), which
``frames`` talks to. ``errand`` is the function that workers call: a few URLs into ``.partial/`` of the tree, checked, hashed
and synced there, and some 200 bytes a file as the answer. ``bucket_errand`` is the same for a tree in a bucket, where workers
also put what has come under its final key. ``shipping`` stands where the engine's own downloads would: it gathers what is wanted
into chunks, ships them and takes over what came. ``proof`` shows before anything is paid that every worker has the same
program and sees the same tree, by words that both leave at a ``meeting``. ``opening`` puts them together for an address.

A worker knows nothing of money: no state, no budget, no token. It is given URLs and a path, and no keys of a store.
"""
