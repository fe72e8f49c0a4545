"""``python -m tress_train``, which launchers such as torchrun need."""

from tress_train.commands.cli import run

if __name__ == "__main__":
    run()
