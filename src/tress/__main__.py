"""``python -m tress``, for people whose folder of scripts is not on the PATH."""

from tress.cli.main import run

if __name__ == "__main__":
    run()
