"""Development scripts for units of measure."""
