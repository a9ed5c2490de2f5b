import CriteriaReaders
import Testing

@Suite struct IdentityTests {
  private static let identity: Identity = {
    var identity = Identity()
    identity.add(id: "i-1", aliases: ["web-1.eu.example.net", "10.0.0.1", "aws:///eu/i-1"])
    identity.add(id: "i-2", aliases: ["web-2.eu.example.net", "10.0.0.2", "fe80::2"])
    identity.add(id: "i-3", aliases: ["web-2.us.example.net", "10.0.0.3:9100"])
    identity.add(id: "i-4", aliases: ["10.0.0.3:9200"])
    identity.add(id: "i-5", aliases: ["old-1", "10.0.0.2"], isSkipped: true)
    return identity
  }()

  @Test(
    "a name is looked up as it is, then without its port, then by its first DNS label",
    arguments: [
      ("i-1", .instance("i-1")), ("10.0.0.1", .instance("i-1")), ("10.0.0.1:9100", .instance("i-1")),
      ("aws:///eu/i-1", .instance("i-1")), ("web-1", .instance("i-1")), ("WEB-1.other.net:9100", .instance("i-1")),
      ("fe80::2", .instance("i-2")), ("[fe80::2]:9100", .instance("i-2")),
      ("web-2.eu.example.net:80", .instance("i-2")),
      ("web-2", .ambiguous(["i-2", "i-3"])), ("web-2.ap.example.net", .ambiguous(["i-2", "i-3"])),
      ("10.0.0.3:9100", .instance("i-3")), ("10.0.0.3:9200", .instance("i-4")),
      ("10.0.0.3", .ambiguous(["i-3", "i-4"])),
      ("10.0.0.3:1", .ambiguous(["i-3", "i-4"])), ("10.0.0.2", .ambiguous(["i-2", "i-5"])), ("old-1", .skipped("i-5")),
      ("10.0.0.9", .unresolved), ("10", .unresolved), ("", .unresolved), (":9100", .unresolved), ("web-9", .unresolved),
    ] as [(String, Resolution)])
  func lookup(name: String, expected: Resolution) {
    #expect(Self.identity.resolve(name) == expected)
  }

  @Test("the nearest name helps with a misspelt one")
  func nearest() {
    #expect(Self.identity.nearestName(to: "web-1.eu.exmaple.net:9100") == "web-1.eu.example.net")
    #expect(Self.identity.nearestName(to: "nothing like it") == nil)
  }

  @Test("without an inventory ports go, unless that would merge two")
  func seenNames() {
    let fleet = fleet(ofNames: ["a:9100", "b:9100", "b:9200", "c", "c:9100", "[::1]:80", "fe80::1", "d:x"])
    #expect(
      fleet == [
        "a:9100": "a", "b:9100": "b:9100", "b:9200": "b:9200", "c": "c", "c:9100": "c", "[::1]:80": "::1",
        "fe80::1": "fe80::1", "d:x": "d:x",
      ])
  }

  @Test(
    "the time of the decision is the median of the newest times",
    arguments: [([], nil), ([5], 5), ([9, 1], 1), ([3, 9, 1], 3)] as [([Int64], Int64?)])
  func median(times: [Int64], expected: Int64?) {
    #expect(medianTime(times) == expected)
  }
}
