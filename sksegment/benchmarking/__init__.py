"""The experiment of the paper's Table 1: many fits on BSDS300, and their summary."""

from sksegment.benchmarking._plan import BENCHMARK_MODELS, Run, plan_runs
from sksegment.benchmarking._run import Progress, run_all
from sksegment.benchmarking._runs_file import RunsFile, read_runs
from sksegment.benchmarking._summary import summarise
from sksegment.benchmarking._table import PAPER_TABLE, format_table

__all__ = [
    "BENCHMARK_MODELS",
    "PAPER_TABLE",
    "Progress",
    "Run",
    "RunsFile",
    "format_table",
    "plan_runs",
    "read_runs",
    "run_all",
    "summarise",
]
