"""The review: the gallery's page on loopback, live while a run goes on, where a person says what is kept.

``server`` listens and routes. ``door`` says who is let in, ``videos`` hands out the files that the state lists, ``page`` the
page, ``choosing`` writes choices. ``lookout`` sees what others change in the state, ``feed`` keeps what changed when, and
``events`` tells it to each open page. All of it is for one batch, which a ``subject`` describes.
"""
