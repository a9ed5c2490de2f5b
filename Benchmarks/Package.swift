// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "replacement-criteria", path: "..")],
  targets: [
    .executableTarget(
      name: "fleet", dependencies: [.product(name: "Criteria", package: "replacement-criteria")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
