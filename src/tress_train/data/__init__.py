"""Training data: reading, judging, composing and augmenting.

Which pictures there are:

- ``source``, ``sources``: the registered data sets, and what is known about each;
- ``clones``: git repositories on this machine, which data sets are gathered from;
- ``collection``: the pictures of a run, with keys and fingerprints;
- ``overlap``: photos that also stand in the validation data;
- ``prepare``: checks a user's own folder and writes its manifest;
- ``difficulty``: how hard each picture is, remembered on disk;
- ``gates``: the frozen pictures that gates look at (listed in ``gates.json``);
- ``gathering``: all that a run reads before its first step.

Pictures in memory:

- ``reading``: decodes, or says what is damaged;
- ``library``: everything a run trains on, decoded once or read again when it is drawn;
- ``lists``: pictures chosen by eye (``lists.json``);
- ``pools``: cut-outs and backgrounds that composites are drawn from.

Samples made of them:

- ``samples``: what the loop asks of samples;
- ``views``: which part of a photo a sample shows, and how large;
- ``dataset``, ``looks``, ``crops``: samples for the locator, for its two looks, and for the refiner;
- ``scenes``: whole composites with a locator's answer to each;
- ``compose``: puts cut-outs onto backgrounds;
- ``strands``: draws strands of hair onto cut-outs;
- ``augment``: changes that a camera, a lens or a file format would make;
- ``coarse``, ``degrade``: the refiner's input: a locator's answers, or true alphas damaged as if by one.
"""
