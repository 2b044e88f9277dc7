"""The report: one page, in one file, about what a manager has stored. Made from records; it never reads a value.

It needs the extra ``report``. Nothing else in this library imports this room.
"""

from simple_metrics_manager.report.writing import ReportWritten, report_page, write_report

__all__ = ["ReportWritten", "report_page", "write_report"]
