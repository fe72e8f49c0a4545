"""Files under URLs: whatever fsspec opens (``gs://``, ``s3://``, ``file://``), written so that nothing torn is used.

- ``places``: what a URL is, and how files there are read and written;
- ``versions``: a folder kept under a URL in whole versions, for runs;
- ``copies``: local copies of files and data folders.
"""
