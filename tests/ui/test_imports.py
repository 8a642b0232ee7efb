"""What a process has loaded by the time the window is on the screen."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["torch", "numpy", "polars", "pyqtgraph", "sklearn", "onnx", "onnxruntime", "scipy"]

BEFORE_PAINT = [*HEAVY, "pydantic", "modelstudio.engine.events", "modelstudio.engine.results"]
"""pydantic and the models of a project take longer to import than the window to appear."""

IMPORT = "import modelstudio.ui.main_window"
SHOW = """
from PySide6.QtWidgets import QApplication
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.theme import themes
app = QApplication([])
themes().install(app)
window = MainWindow(warm_up=False)
window.show()
window.grab()
"""


@pytest.mark.parametrize("code", [IMPORT, SHOW], ids=["import", "first paint"])
def test_window_loads_nothing_heavy(code: str) -> None:
    check = (
        f"import sys\n{code}\nprint(*[name for name in {BEFORE_PAINT!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
