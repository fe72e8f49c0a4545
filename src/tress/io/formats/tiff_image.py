"""Pillow's TIFF files, with the limits of tress."""

from __future__ import annotations

from PIL import Image, ImageFile, TiffImagePlugin


class Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF file whose size was checked before."""

    def load_prepare(self) -> None:
        """As in Pillow, without its own pixel limit: ours was checked before."""
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size).im
        ImageFile.ImageFile.load_prepare(self)
