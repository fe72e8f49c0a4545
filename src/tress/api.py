"""The Python interface: ``Remover`` and ``remove``."""
