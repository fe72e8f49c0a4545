"""The command ``tress-train``: what each sub-command does, in words of the command line.

- ``cli``: the entry point and the sub-commands;
- ``labelling``: the sub-commands that label photos, or cut them up by their labels (rules in ``labels``);
- ``overrides``: ``--set stages.small.lr=1e-4``;
- ``export``: from weights to the ONNX file that the runtime loads;
- ``card``: the model card, from the records of runs.
"""
