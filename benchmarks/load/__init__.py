"""Load on 127.0.0.1, bounded in count and time: `make load` writes benchmarks/load.md."""
