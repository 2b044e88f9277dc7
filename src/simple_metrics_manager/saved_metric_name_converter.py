"""Where 0.5.0 had the two converters; code that imports them from here goes on."""

from simple_metrics_manager.rename import convert_metric_name, convert_metric_name_and_arguments

__all__ = [
    "convert_metric_name",
    "convert_metric_name_and_arguments",
]
