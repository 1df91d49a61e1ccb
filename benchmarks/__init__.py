"""Measurements (`make benchmark`, `make soak`). Development only; nothing here is installed."""
