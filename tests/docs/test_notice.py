"""NOTICE lists what the engine's library really contains."""

import re
from importlib.util import find_spec
from pathlib import Path

NOTICE = (Path(__file__).parents[2] / "NOTICE").read_text()


def test_every_module_in_the_engines_library_is_listed_with_its_version() -> None:
    spec = find_spec("neonize")
    assert spec
    [library] = Path((spec.submodule_search_locations or [""])[0]).glob("*.so")
    found = dict(re.findall(rb"\bdep\t(\S+)\t(v[\w.-]+)", library.read_bytes()))
    modules = {name.decode(): version.decode() for name, version in found.items()}
    assert "go.mau.fi/whatsmeow" in modules
    assert [name for name in modules if not is_listed(name, modules[name])] == []


def is_listed(name: str, version: str) -> bool:
    """Tell whether a module is on the list; of Go's own, all under one licence, no version is."""
    if family := re.fullmatch(r"golang\.org/x/(\w+)", name):
        return bool(re.search(rf"golang\.org/x/.*\b{family[1]}\b", NOTICE))
    module = re.sub(r"/v\d+$", "", name)
    number = version if "-" not in version else version.rpartition("-")[2]
    return any(module in line and number in line for line in NOTICE.splitlines())
