"""`make clinical-logic`: write docs/clinical-logic.md; say what keeps it from being whole."""

from __future__ import annotations

import sys

from tools.clinical_logic.page import PAGE, as_markdown, problems, rules


def main() -> int:
    """Write the page; 1 when a rule lacks its words or cases, or a row its answer."""
    found = rules()
    PAGE.write_text(as_markdown(found), encoding="utf-8")
    said = problems(found)
    for problem in said:
        print(problem)
    print(f"{len(found)} rules, {len(said)} problems")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
