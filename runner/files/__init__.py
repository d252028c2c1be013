"""From a URL to a whole file under its final name.

``fetch`` (download) receives into ``.partial/``, checks the bytes (video) and syncs; the caller commits length and
hash; ``place`` gives the final name; ``check_file`` (verify) compares later; ``set_aside`` (aside) makes way. All of them
work inside an ``OutputRoot`` (root), through the calls of ``disk``, and answer with the values of ``outcomes``.
An export is a ``Building`` (building): a ``Destination`` (destination) or keys of a bucket (bucket_destination), with
files of its own (spooled), in ``Shard`` files (shard) where it is wanted so, from the files of a tree (source).

The rest of the program asks all that of a ``Depot`` (depot), which is a ``Folder`` (folder) or a prefix of a bucket
(bucket_depot), and reads in it (reading); there ``upload`` takes the place of ``place``, and ``bucket`` that of ``disk``.
What others receive, workers on other machines, is taken over from ``.partial`` (handing), or waits there in a bucket
(waiting); they receive into a ``passing`` spool.
"""
