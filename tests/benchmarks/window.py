"""What the window costs: beside a training, at the start, and in gaps of its event loop.

``python tests/benchmarks/window.py`` prints JSON, each ratio the median of 7 interleaved pairs:

live
    Seconds of the same training with the window open and curves live, over without a window.
start
    Seconds from the start of the process to the first painted window, over a bare PySide6 window.
    Both were started once before, so that Python has compiled what it reads.
gaps
    Milliseconds between ticks of a 5 ms timer in the window while it trains.

A window is shown where ``QT_QPA_PLATFORM`` says, and off the screen without it.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

PAIRS = 7
EPOCHS = 15
TICK_MS = 5

BARE = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1440, 900)
"""

OURS = """
from PySide6.QtWidgets import QApplication
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.preferences import Preferences
from modelstudio.ui.theme import themes
app = QApplication([])
preferences = Preferences.load()
themes().install(app, preferences.theme, preferences.text_scale / 100)
window = MainWindow()
"""

SHOW = """
import os
from PySide6.QtCore import QEvent, QObject
class First(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.UpdateRequest:
            print("painted", flush=True)
            os._exit(0)
        return False
first = First()
window.installEventFilter(first)
window.show()
app.exec()
"""


def seconds_to_window(script: str, home: str) -> float:
    """Return the seconds from the start of a process to its first painted window."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script + SHOW],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "MODELSTUDIO_HOME": home,
            "PYTHONPYCACHEPREFIX": home,
            "PYTHONDONTWRITEBYTECODE": "",
        },
        timeout=60,
        check=False,
    )
    took = time.perf_counter() - began
    if "painted" not in done.stdout:
        raise SystemExit(done.stderr)
    return took


def measure_start(home: str) -> dict[str, float]:
    """Compare the first window with a bare one."""
    for script in (BARE, OURS):
        seconds_to_window(script, home)
    pairs = [(seconds_to_window(OURS, home), seconds_to_window(BARE, home)) for _ in range(PAIRS)]
    return {
        "ours_seconds": round(statistics.median(ours for ours, _ in pairs), 3),
        "bare_seconds": round(statistics.median(bare for _, bare in pairs), 3),
        "ratio": round(statistics.median(ours / bare for ours, bare in pairs), 3),
    }


def measure_training() -> tuple[dict[str, float], dict[str, float]]:
    """Compare training with and without a window, and time the gaps of its event loop."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from modelstudio.engine.control import Control
    from modelstudio.engine.projects import new_project
    from modelstudio.engine.run import store, train, warm
    from modelstudio.resources import sample
    from modelstudio.ui.main_window import MainWindow
    from modelstudio.ui.theme import themes

    warm()
    app = QApplication.instance() or QApplication([])
    themes().install(app, "dark")
    project = new_project(sample("diamonds.csv"), target="price", split_seed=0).project
    training = project.training.changed(
        epochs=EPOCHS, early_stopping=False, threads=1, batch_size=256, device="cpu"
    )
    project = project.changed(training=training)
    window = MainWindow(warm_up=False)
    window.document.new(project)
    window.go("train")
    window.show()

    def headless() -> float:
        for _ in train(project, None, Control()):
            pass
        return store(None, project).list()[-1].seconds

    def live() -> float:
        loop, run = QEventLoop(), window.run_controller
        run.state_changed.connect(lambda state: loop.quit() if state == "idle" else None)
        run.start()
        loop.exec()
        window.toasts.clear()
        return store(None, project).list()[-1].seconds

    def gaps_of_live() -> list[float]:
        ticks: list[float] = []
        ticker = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        ticker.timeout.connect(lambda: ticks.append(1000 * time.perf_counter()))
        run = window.run_controller
        started = run.started.connect(lambda _: ticker.start())
        live()
        ticker.stop()
        run.started.disconnect(started)
        return [after - before for before, after in itertools.pairwise(ticks)]

    headless()
    live()
    pairs = [(live(), headless()) for _ in range(PAIRS)]
    gaps = [gap for _ in range(3) for gap in gaps_of_live()]
    window.document.close()
    window.close()
    gaps.sort()
    return (
        {
            "live_seconds": round(statistics.median(a for a, _ in pairs), 3),
            "headless_seconds": round(statistics.median(b for _, b in pairs), 3),
            "ratio": round(statistics.median(a / b for a, b in pairs), 3),
        },
        {
            "ticks": len(gaps),
            "p50_ms": round(gaps[len(gaps) // 2], 1),
            "p99_ms": round(gaps[int(0.99 * len(gaps))], 1),
            "max_ms": round(gaps[-1], 1),
        },
    )


def main() -> None:
    """Print the measures."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELSTUDIO_HOME"] = str(Path(home))
        start = measure_start(home)
        live, gaps = measure_training()
    print(json.dumps({"live": live, "start": start, "gaps": gaps}, indent=2))


if __name__ == "__main__":
    main()
