"""`python -m aira` is the command `aira`."""

from aira.cli.main import main

if __name__ == "__main__":
    main()
