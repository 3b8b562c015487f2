"""``python -m graphlocal`` is the command ``graphlocal``."""

from .cli import console

if __name__ == "__main__":
    console()
