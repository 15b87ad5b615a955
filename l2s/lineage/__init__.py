"""Lineage: what made an artefact, down to base weights and benchmark, and whether it still is what was made.

A :class:`~l2s.lineage.record.Record` says what a step read, with which parameters, code and versions, and what it
wrote; its bytes repeat as the step's own do. An :class:`~l2s.lineage.record.RunInfo` says when and where. The
:class:`~l2s.lineage.graph.ProvenanceGraph` links records into a tree; :mod:`~l2s.lineage.audit` follows it down to
the bytes.
"""
