"""Make the pictures of the gallery again: what every example shows, in few colours.

python docs/make_gallery.py [examples/plot_video.py ...]
"""

import runpy
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images" / "examples"
N_COLORS = 96


def save_picture(path):
    """Save what is shown, 800 pixels wide, with a palette that has the rare colours."""
    figure = plt.gcf()
    figure.set_dpi(800 / figure.get_figwidth())
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3])
    small = picture.quantize(N_COLORS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=0)
    small.save(path, optimize=True)
    plt.close(figure)


def main(paths):
    """Run examples, all by default."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for path in paths or sorted((ROOT / "examples").glob("plot_*.py")):
        plt.show = lambda path=path: save_picture(PICTURES / f"{Path(path).stem}.png")
        sys.argv = [str(path)]
        start = time.perf_counter(), time.process_time()
        runpy.run_path(str(path), run_name="__main__")
        wall, busy = time.perf_counter() - start[0], time.process_time() - start[1]
        print(f"== {Path(path).name}: {wall:.0f} s, {busy:.0f} s of a processor")


if __name__ == "__main__":
    main(sys.argv[1:])
