"""`aira` as on a machine on which no speech engine is installed: python tests/engineless.py serve-voice …"""

import sys
from typing import Any, cast

cast("dict[str, Any]", sys.modules).update(hibari=None, moonshine_voice=None)  # to Python: not to be found

from aira.cli.main import run  # noqa: E402

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
