"""The page in a real browser: `python -m pytest -m browser`.

Chromium is the machine's own, driven by Playwright; without both, the tests are skipped, but not in CI. No host name is
looked up and nothing but loopback is contacted.
"""
