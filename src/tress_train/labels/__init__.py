"""Where masks are made: each file turns photos into a data folder to train on.

- ``gather``: a registered data set out of clones of git repositories; ``outlines``, ``keying`` and
  ``thin_keying`` make its alphas;
- ``teacher``: runs an ONNX file as a teacher;
- ``distil``: a teacher labels photos, or mends rough masks;
- ``curating``: several networks label a photo, a person picks the right answer;
- ``cutting``: cut-outs from labelled photos, where tress agrees with the label;
- ``emptying``: parts of labelled photos without a subject.
"""
