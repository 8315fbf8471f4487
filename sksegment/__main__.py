"""Run the command line: ``python -m sksegment``."""

import sys

from sksegment.cli import main

if __name__ == "__main__":
    sys.exit(main())
