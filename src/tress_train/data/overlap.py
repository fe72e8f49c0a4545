"""Photos that stand in the training data and, from another source or in another crop, in the validation data.

Found by difference hashes of people, cats, insects and animals, and looked at.  They are never trained on, so that
scores on the validation pictures stay honest.
"""

from __future__ import annotations

from collections.abc import Mapping

# Key of the training picture: key of the validation picture.
SAME_PHOTO: Mapping[str, str] = {
    "ccp1004/0730.webp": "fashion-people/0183.webp",
    "feral-cats/train_group0191_jpeg.webp": "feral-cats/valid_group0254_jpeg.webp",
    "pixellib-butterfly/test_butterfly_92_.webp": "pixellib-butterfly/test_butterfly_49_.webp",
}
