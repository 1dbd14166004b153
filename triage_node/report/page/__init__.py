"""A report as one page that is drawn, for viewers that show pictures and nothing else."""

from triage_node.report.page.summary_page import draw_page

__all__ = ["draw_page"]
