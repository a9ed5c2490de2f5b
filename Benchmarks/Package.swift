// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]
let criteria = Target.Dependency.product(name: "Criteria", package: "replacement-criteria")
let internals = Target.Dependency.product(name: "CriteriaInternals", package: "replacement-criteria")

let package = Package(
  name: "benchmarks",
  traits: [.trait(name: "Hyperscan", description: "Times Hyperscan beside the matcher; needs libhyperscan-dev.")],
  dependencies: [.package(name: "replacement-criteria", path: "..")],
  targets: [
    // Fleets as columns, and the clock: what the programs share.
    .target(name: "FleetData", swiftSettings: settings),
    .target(name: "KernelInputs", dependencies: [internals, "FleetData"], swiftSettings: settings),
    .executableTarget(name: "decide", dependencies: [internals, "FleetData", "KernelInputs"], swiftSettings: settings),
    .executableTarget(name: "fleet", dependencies: [criteria, "FleetData"], swiftSettings: settings),
    // Runs the command line tool beside promtool.
    .executableTarget(name: "policytests", dependencies: ["FleetData"], swiftSettings: settings),
    .executableTarget(name: "windows", dependencies: [internals, "FleetData"], swiftSettings: settings),
    // Counts what is allocated, by standing before malloc.
    .target(name: "CAllocations"),
    .executableTarget(
      name: "observe", dependencies: [criteria, "FleetData", "CAllocations"], swiftSettings: settings),
    .executableTarget(
      name: "compare", dependencies: [criteria, internals, "FleetData", "KernelInputs"], swiftSettings: settings),
    // What malloc has given out.
    .target(name: "CMemory"),
    .systemLibrary(name: "CHyperscan", pkgConfig: "libhs", providers: [.apt(["libhyperscan-dev"])]),
    .executableTarget(
      name: "match",
      dependencies: [
        internals, "CMemory", .target(name: "CHyperscan", condition: .when(traits: ["Hyperscan"])),
      ],
      swiftSettings: settings),
  ]
)
