"""Training on machines of Google's Vertex AI, or on several processes of this one.

- ``job``: a custom job as the client library has it, from options;
- ``prices``: what a job costs at most;
- ``vertex``: submits, lists, follows and cancels jobs;
- ``nodes``: the torchrun command of one machine, alone or among several.
"""
