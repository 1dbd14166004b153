"""The colors of the page: dark, as the viewers are in which it is read."""

from triage_node.findings import Decision

Color = tuple[int, int, int]

GROUND: Color = (0, 0, 0)
RAISED: Color = (23, 28, 36)
LINE: Color = (70, 80, 96)
TEXT: Color = (228, 232, 238)
FAINT: Color = (165, 176, 192)

ANSWERS: dict[Decision | None, Color] = {
    Decision.FLAGGED: (255, 128, 128),
    Decision.UNCERTAIN: (255, 200, 87),
    # Never green: what is not flagged is read as always.
    Decision.NOT_FLAGGED: FAINT,
    None: (180, 170, 255),
}
