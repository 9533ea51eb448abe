"""Each example model renders to the files kept beside it, and to no others."""

from pathlib import Path

import pytest

from dkd.model.load import read_model
from dkd.systems.table import artefacts

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/model.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_render(case: Path, golden):
    golden.check(case / "expected", artefacts(read_model(case / "model.yaml")))
