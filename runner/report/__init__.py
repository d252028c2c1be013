"""What is shown: JSON objects (``payload``), progress lines (``progress``), summaries (``summary``), ``metadata.jsonl``."""
