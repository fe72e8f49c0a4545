"""Contracts: what is offered at which address, and in which words.  Work and limits are the same for all.

- ``cutout``: the service's own interface, ``POST /v1/cutout``;
- ``system``: its routes about itself: models, options, health and metrics;
- ``openapi``: what the OpenAPI page says about both;
- ``removebg``, ``removebg_parameters``, ``removebg_openapi``: remove.bg's contract, ``/v1.0``;
- ``rembg``: rembg's contract, ``/api/remove``;
- ``site``: the web page.
"""
