"""Tools to inspect a computation: anomalies, drawings, profiles, versions."""
