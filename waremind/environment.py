"""What the processes that we start are told of our environment: only what is listed here.

The rest may name a database's password, systemd's sockets, or somebody's secret of another program.
"""

import os
from collections.abc import Mapping

PASSED_ON = frozenset(
    {
        # where programs and files are
        *("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"),
        *("PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONUSERBASE"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUTF8"),
        # language and time
        *("LANG", "LC_ALL", "LC_CTYPE", "TZ"),
        # the way to WhatsApp
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("https_proxy", "http_proxy", "all_proxy", "no_proxy"),
    }
)


def passed_on(**more: str) -> Mapping[str, str]:
    """Return the environment of a process that we start, with `more` in it."""
    return {name: value for name, value in os.environ.items() if name in PASSED_ON} | more
