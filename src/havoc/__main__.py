"""``python -m havoc`` is the command ``havoc``."""

import sys

from havoc.cli import main

sys.exit(main())
