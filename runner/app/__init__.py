"""The use cases, one function each, put together from the parts below.

``workplace`` says where things stand, ``environment`` what the variables and ``.env`` hold, and ``service`` whom a command
talks to. ``planning`` (with ``comparison``, and ``reviewing`` for saved plans), ``preflight``, ``enrolling`` and ``running``
(with ``stopping``, ``going_on`` and ``notifying``) are the main job, ``starting`` comes before it, ``inspecting`` answers
questions. A person's decisions are ``retrying`` and ``deciding`` (at a ``desk``); ``verifying``, ``mending`` (with
``refetching``), ``adopting`` (with ``regaining``), ``pruning`` and ``tree`` (with ``describing``) are about trees, ``exporting`` (with ``export_forms``, ``export_place``
and ``loading_back``) about datasets, ``probing`` and ``sheets`` about pictures, ``gallery``
and ``serving`` about the page and its review, ``remaking`` about what was rejected; ``checking`` is the doctor (with
``findings``, ``settings``,
``soundness`` and ``surroundings``).
"""
