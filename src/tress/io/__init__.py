"""Pixels in, pixels out, and safe files.

``decode`` turns the bytes of any supported picture into upright sRGB pixels, ``encode`` turns pixels into a file's
bytes, ``files`` decides where results go and writes them whole or not at all.
"""
