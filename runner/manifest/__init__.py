"""Manifests: YAML with line numbers -> values.

``load`` reads one, ``json_schema`` describes all of them, ``starter`` is the text of a first one. The modules, from the
bytes up: ``source`` (files), ``yaml12``, ``csv_rows`` and ``json_rows`` (formats -> ``nodes``), ``spot`` (a node and its
findings), ``quantities``, ``addresses``, ``settings``, ``prompts``, ``prompt_files``, ``combinations`` (nodes -> values),
``loading`` (the whole).
"""

from runner.manifest.loading import Loaded, load
from runner.manifest.schema import json_schema
from runner.manifest.starter import starter

__all__ = ["Loaded", "json_schema", "load", "starter"]
