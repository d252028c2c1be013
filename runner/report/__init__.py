"""What is shown, written and told.

JSON objects (``payload``), the live panel (``panel``) and progress lines (``progress``), plans (``priced_diff``), summaries
(``summary``, ``closing``, ``next_steps``), ``metadata.jsonl`` (with the kinds of its ``features``) and the dataset ``card``, exports (``samples``,
``tables``, ``spreadsheet``, ``export_card``), notes about ``pictures``, the page (``gallery``) with its rows
(``catalogue``) and its table of ``failures``, and a notification at the end of a run (``notification``, sent by ``webhook``).
"""
