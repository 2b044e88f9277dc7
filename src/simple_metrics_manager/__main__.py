"""``python -m simple_metrics_manager`` is the command ``smm``."""

import sys

from simple_metrics_manager.cli.main import main

if __name__ == "__main__":  # and not where a process that computes imports it anew
    sys.exit(main())
