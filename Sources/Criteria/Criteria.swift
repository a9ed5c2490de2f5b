@_exported public import struct CriteriaEngine.InstanceHandle
@_exported public import enum CriteriaEngine.Observation
@_exported public import struct CriteriaEngine.ObservationCounts
@_exported public import enum CriteriaEngine.ObserveResult
// The library's names that are declared in the engine.
@_exported public import struct CriteriaEngine.Origin
@_exported public import struct CriteriaEngine.RuleReport
@_exported public import struct CriteriaEngine.Score
@_exported public import struct CriteriaEngine.SeriesHandle
@_exported public import struct CriteriaEngine.SnapshotError
@_exported public import struct CriteriaEngine.StateTransfer
@_exported public import struct CriteriaEngine.Summary
@_exported public import struct CriteriaEngine.Timestamp
@_exported public import enum CriteriaEngine.Verdict
