"""The networks that travel in the package: there, small, described, and the right way round."""

from tress.catalog import entries, resolve
from tress.engine import OnnxEngine

LIMIT_BYTES = 15_000_000


def test_bundled_networks_are_there_and_small():
    bundled = [entry for entry in entries() if entry.bundled]
    assert {entry.task for entry in bundled} == {"locator", "refiner"}
    assert sum(resolve(entry.name).path.stat().st_size for entry in bundled) < LIMIT_BYTES
    assert {entry.licence for entry in bundled} == {"Apache-2.0"}


def test_the_default_is_our_own_locator():
    located = resolve("default")
    spec = OnnxEngine(located.path, spec=located.spec, threads=1).spec
    assert (located.name, spec.name, spec.task) == ("tress-locator", "tress-locator", "locator")
    assert spec.keep_aspect
    assert spec.has_uncertainty
    assert spec.has_presence


def test_the_refiner_is_a_refiner():
    located = resolve("tress-refiner")
    assert OnnxEngine(located.path, spec=located.spec, threads=1).spec.task == "refiner"
