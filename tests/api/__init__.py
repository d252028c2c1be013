"""The Python API, as a program that imports it sees it."""
