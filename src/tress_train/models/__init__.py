"""Network architectures, one per file, and their weights.

- ``locator``: finds the subject in the whole picture, and once more in its box;
- ``looking``: asks a locator as the runtime does;
- ``refiner``: rewrites alpha at full resolution in the unknown band;
- ``efficientnet_lite``: the locator's encoder, and ImageNet's weights for it;
- ``weights``: reads, loads and averages the files of weights that runs leave.
"""
