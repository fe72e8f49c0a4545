"""Work: from an order to the finished file.

- ``service``: takes a request through admission, reading, queue and worker threads to its answer, within its deadline;
- ``measure``: how many pixels an order needs, before anything is decoded;
- ``job``: what one worker thread does for one request; no HTTP here;
- ``decoders``: a pool of processes that read pictures, each a ``decoder_process``, spoken to in messages of ``wire``.
"""
