"""The page in a real browser: no error, no request, points and transcripts that open, nothing wider than a phone."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.simulate import verdict_rows
from tests.report.test_report import page, summarised

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")

VISIT = """
<script>
const seen = {};
setTimeout(() => {
  const box = document.querySelector("[data-plot$='/trade-off']");
  seen.points = box.querySelectorAll(".point").length;
  const star = [...box.querySelectorAll(".scatterlayer .trace .point")].map(p => p.getBoundingClientRect());
  const drag = box.querySelector(".nsewdrag");
  const at = star[star.length - 1];
  const middle = {clientX: at.x + at.width / 2, clientY: at.y + at.height / 2};
  const where = {...middle, bubbles: true, cancelable: true, view: window};
  for (const kind of ["mouseover", "mousemove"]) drag.dispatchEvent(new MouseEvent(kind, where));
  setTimeout(() => {
    seen.hover = box.querySelectorAll(".hoverlayer .hovertext").length;
    drag.dispatchEvent(new MouseEvent("mousedown", where));
    document.querySelector(".dragcover, .nsewdrag").dispatchEvent(new MouseEvent("mouseup", where));
    setTimeout(() => {
      seen.opened = [...document.querySelectorAll("details.run[open]")].map(d => d.dataset.run);
      const transcript = document.querySelector("details.transcript");
      transcript.querySelector("summary").click();
      seen.transcript = transcript.open && transcript.querySelector("pre").textContent;
      seen.alerts = window.alerted || 0;
      const table = document.querySelector("table.sortable");
      const first = () => table.tBodies[0].rows[0].cells[0].textContent;
      const before = first();
      table.querySelectorAll("th")[3].click(); const up = first();
      table.querySelectorAll("th")[3].click(); const down = first();
      seen.sorted = [before, up, down];
      seen.asked = performance.getEntriesByType("resource").map(e => e.name).filter(name => !name.startsWith("data:"));
      seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
      const report = document.createElement("pre"); report.id = "seen"; report.textContent = JSON.stringify(seen);
      document.body.append(report);
    }, 400);
  }, 400);
}, 1200);
</script>
"""


def visit(html: Path, size: str, folder: Path) -> tuple[dict[str, Any], str]:
    """What the visitor saw, and what the console said."""
    visited = folder / "visited.html"
    visited.write_text(html.read_text(encoding="utf-8").replace("</body>", f"{VISIT}</body>"), encoding="utf-8")
    words = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", f"--window-size={size}",
        "--virtual-time-budget=8000", "--dump-dom", visited.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    seen = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return seen, console


@pytest.mark.parametrize("size", ["1280,900", "500,900"])
def test_a_visit(size: str, tmp_path: Path) -> None:
    summary = summarised(verdict_rows(), tmp_path / "summary")
    html = tmp_path / "report" / "index.html"
    page(summary, tmp_path, "<think><img src=x onerror='window.alerted=1'> thought</think> \\boxed{1}")
    seen, console = visit(html, size, tmp_path)
    assert not console and seen["asked"] == []
    assert seen["points"] >= len({row["run"] for row in summary["rows"]}) and seen["hover"] == 1
    assert len(seen["opened"]) == 1
    assert seen["transcript"] == "<img src=x onerror='window.alerted=1'> thought" and seen["alerts"] == 0
    before, up, down = seen["sorted"]
    assert "average" in before and up != down
    assert not seen["wide"], "the page is wider than its window"
