"""What looks at a computation: anomalies, drawings, times, versions."""
