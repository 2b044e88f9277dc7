"""Which code computed a value: taken beside every computation, compared to explain what is stale."""

from simple_metrics_manager.fingerprint.take import Fingerprint, fingerprint

__all__ = ["Fingerprint", "fingerprint"]
