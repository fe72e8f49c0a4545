"""The HTTP service (extra ``server``): own interface, remove.bg's and rembg's contracts, and the page.

A request meets, in this order:

- ``host``: sockets, worker processes and connections;
- ``reporting``: around every request its id, log line and metrics; and errors as answers;
- ``contracts``: the routes, each in the words of its contract;
- ``admission``: keys, requests a minute, and how much is taken on at once;
- ``reading``: its body within limits, or the picture behind a URL;
- ``work``: from the order to the finished file.

``app`` puts these together, ``config`` has the settings, and ``page`` the static files of the web page.
"""
