// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Rounding needs libm, which only Foundation would bring along.
let math: [LinkerSetting] = [.linkedLibrary("m")]

let package = Package(
  name: "replacement-criteria",
  products: [
    .library(name: "Criteria", targets: ["Criteria"]),
    .executable(name: "rulecheck", targets: ["rulecheck"]),
    // No stability promise: what the fuzz and benchmark packages need of the inside.
    .library(
      name: "CriteriaInternals",
      targets: ["CriteriaDiagnostics", "CriteriaSyntax", "CriteriaEngine", "CriteriaCompiler", "CriteriaReaders"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "CriteriaDiagnostics", swiftSettings: settings),
    .target(
      name: "CriteriaSyntax", dependencies: ["CriteriaDiagnostics", "CLibYAML"], swiftSettings: settings,
      linkerSettings: math),
    .target(name: "CKernels"),
    .target(name: "CMatching"),
    .target(name: "CReading"),
    .target(
      name: "CriteriaEngine", dependencies: ["CPCRE2", "CKernels", "CMatching"], swiftSettings: settings,
      linkerSettings: math),
    .target(
      name: "CriteriaCompiler", dependencies: ["CriteriaDiagnostics", "CriteriaSyntax", "CriteriaEngine"],
      swiftSettings: settings),
    .target(
      name: "Criteria", dependencies: ["CriteriaDiagnostics", "CriteriaCompiler", "CriteriaEngine"],
      swiftSettings: settings),
    .target(
      name: "CriteriaReaders",
      dependencies: ["CriteriaDiagnostics", "CriteriaSyntax", "CriteriaEngine", "CReading", "CZlib"],
      swiftSettings: settings),
    .target(
      name: "CriteriaTesting",
      dependencies: ["Criteria", "CriteriaCompiler", "CriteriaEngine", "CriteriaSyntax", "CriteriaDiagnostics"],
      swiftSettings: settings),
    .executableTarget(
      name: "rulecheck",
      dependencies: [
        "Criteria", "CriteriaTesting", "CriteriaReaders", "CriteriaCompiler", "CriteriaSyntax", "CriteriaDiagnostics",
        "CriteriaEngine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      // Links to the files in docs/: each schema is written once.
      resources: ["inventory", "decision", "stream"].map { .embedInCode("Schema/\($0).schema.json") },
      swiftSettings: settings),

    // The meaning of the language, written to be read: it imports Syntax alone.
    .target(
      name: "Reference", dependencies: ["CriteriaSyntax", "CriteriaDiagnostics"], path: "Tests/Reference",
      swiftSettings: settings),
    .testTarget(
      name: "ReferenceTests", dependencies: ["Reference", "CriteriaSyntax", "CriteriaDiagnostics"],
      swiftSettings: settings),
    // Random policies and data through the reference and the engine.
    .executableTarget(
      name: "differential",
      dependencies: ["Reference", "Criteria", "CriteriaCompiler", "CriteriaSyntax", "CriteriaDiagnostics"],
      path: "Tests/Differential", exclude: ["faults", "leaks.supp"], swiftSettings: settings),

    .testTarget(name: "CriteriaDiagnosticsTests", dependencies: ["CriteriaDiagnostics"], swiftSettings: settings),
    .testTarget(
      name: "CriteriaSyntaxTests", dependencies: ["CriteriaSyntax", "CriteriaDiagnostics"], exclude: ["diagnostics"],
      swiftSettings: settings),
    .testTarget(name: "CriteriaEngineTests", dependencies: ["CriteriaEngine"], swiftSettings: settings),
    .testTarget(
      name: "CriteriaCompilerTests", dependencies: ["CriteriaCompiler"], exclude: ["diagnostics"],
      swiftSettings: settings),
    .testTarget(
      name: "CriteriaTests", dependencies: ["Criteria", "CriteriaCompiler", "CriteriaDiagnostics", "CriteriaEngine"],
      swiftSettings: settings),
    .testTarget(
      name: "CriteriaTestingTests",
      dependencies: [
        "CriteriaTesting", "Criteria", "CriteriaCompiler", "CriteriaSyntax", "CriteriaDiagnostics", "CriteriaEngine",
        "Reference", "differential",
      ],
      swiftSettings: settings),
    .testTarget(name: "CriteriaReadersTests", dependencies: ["CriteriaReaders"], swiftSettings: settings),
    .testTarget(
      name: "RulecheckTests",
      dependencies: ["Criteria", "CriteriaCompiler", "CriteriaReaders", "CriteriaSyntax", "rulecheck"],
      exclude: ["Golden", "Fixtures"], swiftSettings: settings),
    // How the policies of rules/ decide on real data with truth.
    .testTarget(
      name: "JudgementTests", dependencies: ["Criteria", "CriteriaEngine", "CriteriaReaders"], path: "Tests/Judgement",
      exclude: ["README.md"], swiftSettings: settings),
  ]
)
