"""How often the order services interrupt: every fixture patient, one order of each drug."""
