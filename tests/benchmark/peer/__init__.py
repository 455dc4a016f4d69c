"""The peer of the benchmark: the floor's marts in pandas, as an analyst writes them, in doubles, everything in memory.

Lighter than the floor where that is usual: no hashes, keys or pseudonyms, no lake, one Parquet file per mart; outliers
beyond the cap, refunds and windows other than the day are left out. Not here: exactness (doubles round as they like;
tests/unit/test_benchmark_floor.py says how far apart the costs of cases are).

`python -m tests.benchmark.peer <landing> <target>` runs it.
"""
