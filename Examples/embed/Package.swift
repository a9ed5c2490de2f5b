// swift-tools-version: 6.2
import PackageDescription

// Of your own package, the dependency would be
//   .package(url: "https://github.com/OWNER/replacement-criteria", from: "0.1.0")
let package = Package(
  name: "embed",
  dependencies: [.package(name: "replacement-criteria", path: "../..")],
  targets: [
    .executableTarget(
      name: "embed", dependencies: [.product(name: "Criteria", package: "replacement-criteria")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
