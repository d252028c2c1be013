"""Words -> values -> app -> text -> exit code. ``root`` knows the commands, each stands in a module of its own name."""
