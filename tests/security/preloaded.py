"""What the fork server imports before it forks: all of the program, as its commands would one by one."""

import importlib
import pkgutil

import runner

for _module in pkgutil.walk_packages(runner.__path__, "runner."):
    if _module.name != "runner.__main__":
        importlib.import_module(_module.name)
