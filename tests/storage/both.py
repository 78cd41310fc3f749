"""Let the Python of another environment find the packages of this one as well.

python tests/storage/both.py ENVIRONMENT
"""

import sys
import sysconfig
from pathlib import Path

folder = next(Path(sys.argv[1]).glob("lib/python*/site-packages"))
own = sysconfig.get_path("purelib")
(folder / "merflow.pth").write_text(f"import site; site.addsitedir({own!r})\n")
