"""The floor of the benchmark: what a night's largest work costs at least, written by hand for DuckDB in one process.

Here: deliveries checked, pseudonymised and written to a lake, the largest marts, a publication. Nothing is shared with
the pipeline but the contract of the extracts, the seeds and the demo, so that the floor is also an independent
computation of the same marts (tests/unit/test_benchmark_floor.py). Not here: dialects, quarantine, free text, gates,
history, evidence sentences, all other marts (docs/benchmark.md lists what a night does beyond the floor).

`python -m tests.benchmark.floor <landing> <target>` runs it.
"""
