"""Training of tress's networks.  The only place that imports torch.

From what people call to what everything stands on; each folder imports only from those below it:

- ``commands``: the command ``tress-train``;
- ``run``: from a recipe through the loop to checkpoints and evaluations, where a step is taken;
- ``labels``: where masks are made;
- ``tasks``: what the loop trains: a network with its data, losses and examination;
- ``scoring``: scores and sheets of pictures while a network is trained;
- ``data``: what training pictures are, and the samples made of them;
- ``recipes``, ``models``, ``losses``: experiments, networks and losses, one a file.
"""
