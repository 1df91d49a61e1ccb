"""docs/clinical-logic.md, generated from the CQL, the parameters and the case folders."""
