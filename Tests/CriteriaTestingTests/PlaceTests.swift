import Testing

@testable import CriteriaTesting
