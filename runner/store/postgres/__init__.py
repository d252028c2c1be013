"""The state on a PostgreSQL server; imported only where somebody names one (the extra ``postgres``).

``opening`` connects and says which sessions and transactions there are; ``ddl`` says the tables of ``store.ddl`` in
PostgreSQL's words, and ``marks`` brings a schema to them and sees that they are as they were made; ``batch_lock`` keeps one
actor a batch. All that is written and asked is the store's own, and the same as for a file.
"""
