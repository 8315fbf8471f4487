"""Size of a report, time of a step of its slider, and what axe-core finds in it.

sksegment fit BSDS300/test/images/10*.jpg -o m.safetensors
sksegment report m.safetensors BSDS300/test/images/10*.jpg --images 10 -o report.html
python benchmarks/report.py report.html [--axe axe.min.js]
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

STEP = """async (slider) => {
  const drawn = (done) => requestAnimationFrame(() => setTimeout(done));
  const times = [];
  for (let value = 0; value <= slider.max; value++) {
    const start = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(drawn);
    times.push(performance.now() - start);
  }
  return times;
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def measure(page, path):
    """Print size and times."""
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    slider = page.locator("#level" if page.locator("#level").count() else "#opacity")
    times = slider.evaluate(STEP)
    print(f"a step of the slider: {min(times):.0f} to {max(times):.0f} ms")


def judge(page, axe):
    """Print what is hard to use for some."""
    for details in page.locator("details").all():
        details.evaluate("(details) => { details.open = true; }")
    page.add_script_tag(path=axe)
    found = page.evaluate("(rules) => axe.run(document, { runOnly: rules })", RULES)
    print(f"{found['testEngine']['name']} {found['testEngine']['version']}")
    for kind in ("passes", "violations", "incomplete"):
        print(f"{kind}: {len(found[kind])}")
    for rule in found["violations"] + found["incomplete"]:
        print(f"  {rule['id']}: {rule['help']}, {len(rule['nodes'])} places")


def main():
    """Open a report in Chromium."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("--axe", help="axe.min.js, e.g. of axe-playwright-python")
    args = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        # The policy of the page would keep axe out.
        page = browser.new_page(bypass_csp=True)
        page.goto(args.report.resolve().as_uri())
        page.wait_for_timeout(3000)
        measure(page, args.report)
        if args.axe:
            judge(page, args.axe)
        browser.close()


if __name__ == "__main__":
    main()
