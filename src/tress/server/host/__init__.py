"""Connection and process: what a request meets before the application.

- ``run``: listens, and runs the service on uvicorn with one process or several;
- ``supervise``: keeps worker processes alive;
- ``connections``: ends connections whose client is too slow, or sends too much;
- ``crowd``: how many connections there may be at once.
"""
