"""Names of hosts for tests that ask nobody outside this machine."""

UNKNOWN = ".".join(["no-such-host"] * 30)
"""Longer than a name may be (253 characters, RFC 1035 section 3.1): the resolver refuses it without asking any server."""
