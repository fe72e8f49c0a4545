"""What is told about a request: to its client if it fails, to the log, and to Prometheus.

- ``problems``: from an error to an HTTP status, once for every contract;
- ``trace``: a request's id, times and line of log, and the last answer if everything else fails;
- ``telemetry``: the metrics.
"""
