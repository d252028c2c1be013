"""The use cases, one function each, put together from the parts below.

``workplace`` says where things stand and ``service`` whom a command talks to. ``planning``, ``preflight``, ``enrolling``
and ``running`` (with ``stopping`` and ``notifying``) are the main job, ``inspecting`` answers questions. A person's decisions are ``retrying`` and ``deciding``
(at a ``desk``); ``verifying``, ``mending`` (with ``refetching``) and ``adopting`` are about trees; ``checking`` is the
doctor (with ``soundness``).
"""
