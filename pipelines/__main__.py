"""`python -m pipelines` is `yilian`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
