"""A run: from a recipe through the loop to checkpoints and evaluations.  Here a step is taken.

- ``loop``: the training loop, to be read from top to bottom;
- ``running``: a run in memory, and how it is saved, continued, extended and described;
- ``checkpoint``: writes checkpoints that survive a kill at any moment;
- ``evaluating``: judges what a task scored, and writes it down;
- ``records``: the record of a run in its folder;
- ``processes``: several processes that train together.
"""
