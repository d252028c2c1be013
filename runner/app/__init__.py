"""The use cases, one function each, put together from the parts below.

``workplace`` says where things stand, ``planning`` and ``running`` are the main job, ``inspecting`` answers questions,
``deciding`` takes a person's decisions, ``mending`` checks and repairs trees, ``checking`` is the doctor.
"""
