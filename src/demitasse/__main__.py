"""``python -m demitasse``."""

from demitasse.cli import main

if __name__ == "__main__":
    main(prog_name="demitasse")
