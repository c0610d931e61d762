"""`python -m omrclip`: the command line."""

from omrclip.cli import main

if __name__ == "__main__":
    main(prog_name="python -m omrclip")
