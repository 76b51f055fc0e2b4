"""P11: how heavy the dependency layer is."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from tests.benchmarks.report import Row, count
from tests.benchmarks.stage import Stage
from tests.infrastructure import sam

MAX_ZIPPED, MAX_UNZIPPED = 13.5, 39.0
"""MB of a million bytes."""


def weight(stage: Stage) -> Iterator[Row]:
    layer = sam.BUILT_TEMPLATE.parent / "DependenciesLayer"
    files = [path for path in layer.rglob("*") if path.is_file()]
    archive = stage.scratch / "layer.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(layer))
    unzipped = sum(path.stat().st_size for path in files)
    yield count("P11", "dependency layer, MB zipped", round(archive.stat().st_size / 1e6, 2), MAX_ZIPPED)
    yield count("P11", "dependency layer, MB unzipped", round(unzipped / 1e6, 2), MAX_UNZIPPED)
