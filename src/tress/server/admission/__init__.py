"""Admission: who may send requests, how often, and how much is taken on at once.

- ``keys``: API keys, kept as hashes;
- ``origins``: whose requests a service without keys takes;
- ``rates``: requests a minute, shared by all worker processes;
- ``clients``: which addresses count as one client;
- ``standing``: who made decoders work for nothing lately;
- ``turns``: whose request is worked on next;
- ``gate``: requests and megapixels that one process takes on at once;
- ``held``: what of them a request keeps until its answer has been sent.
"""
