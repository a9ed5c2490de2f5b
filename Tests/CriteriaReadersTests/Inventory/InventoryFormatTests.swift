import Testing

@testable import CriteriaReaders

private func read(_ text: String, chunk: Int = 1 << 18) throws -> (entries: [InventoryEntry], problems: [String]) {
  let lines = LineStream(ByteStream(Array(text.utf8), name: "x", chunk: chunk), chunk: chunk)
  guard case .inventory(let format)? = recognise(Head(of: lines), as: .inventory, layouts: []).format else {
    return ([], [])
  }
  var reader = InventoryReader(name: "x")
  let entries = try reader.read(lines, format: format)
  return (entries, reader.problems.problems.map(\.description))
}

@Suite struct InventoryFormatTests {
  @Test(
    "a table and lines of objects say the same as the document",
    arguments: [
      "id,aliases,launched,state,label.role,fact.image,desired.image,condition.Ready\n"
        + "i-1,10.0.0.1 n1.example;x,1795395723,running,web,a,b,True\n\"i-2\",,,stopped,\"a \"\"b\"\"\",,,\n",
      "{\"id\":\"i-1\",\"aliases\":[\"10.0.0.1\",\"n1.example\",\"x\"],\"launched\":1795395723,\"state\":\"running\","
        + "\"labels\":{\"role\":\"web\"},\"facts\":{\"image\":\"a\"},\"desired\":{\"image\":\"b\"},\"conditions\":{\"Ready\":\"True\"}}\n"
        + "{\"id\":\"i-2\",\"state\":\"stopped\",\"labels\":{\"role\":\"a \\\"b\\\"\"}}\n",
    ])
  func lines(text: String) throws {
    for chunk in [3, 1 << 18] {
      let (entries, problems) = try read(text, chunk: chunk)
      #expect(problems == [])
      var first = InventoryEntry(id: "i-1")
      first.aliases = ["10.0.0.1", "n1.example", "x"]
      first.launched = 1_795_395_723_000
      first.labels = ["role": "web"]
      first.facts = ["image": "a"]
      first.desired = ["image": "b"]
      first.conditions = ["Ready": .init(status: "True")]
      var second = InventoryEntry(id: "i-2")
      second.labels = ["role": "a \"b\""]
      second.isSkipped = true
      let found = entries.map { entry in
        var entry = entry
        (entry.file, entry.line) = ("", 0)
        return entry
      }
      #expect(found == [first, second])
    }
  }

  @Test("faults of lines have their place, and the rest is used")
  func faults() throws {
    let table = try read("id,colour,launched\ni-1,red,1\ni-2\ni-1,,\n,,\ni-3,,x\ni-4,\"\n")
    #expect(
      table.problems == [
        "x:1:4: expected a column such as `id`, `launched`, `label.NAME` or `fact.NAME`, found `colour`",
        "x:3:1: expected 3 fields, found 1", "x:4:1: expected each id once, found `i-1` of line 2 again",
        "x:5:1: expected an id, found nothing",
        "x:6:6: expected a time such as `2026-11-23T01:02:03Z`, or seconds since 1970, found `x`",
        "x:7:5: expected a closing `\"` on the same line",
      ])
    #expect(table.entries.map(\.id) == ["i-1", "i-3"])
    let objects = try read(
      "{\"id\":\"a\"}\n{\"id\":\"b\",\"colour\":1}\n{\"id\":\"c\"\n{\"id\":\"c\",\"id\":\"d\"}\n7\n")
    #expect(objects.entries.map(\.id) == ["a", "b"])
    #expect(objects.problems.count == 4 && objects.problems[0].hasPrefix("x:2:11: expected one of `id`"))
    #expect(objects.problems[1] == "x:3:10: expected `,` or `}`, found the end")
    #expect(objects.problems[2] == "x:4:11: expected each key once, found `\"id\":\"d\"`")
    #expect(objects.problems[3] == "x:5:1: expected an instance, a mapping with the key `id`")
  }

  static let node = """
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n-1", "creationTimestamp": "2026-11-20T00:00:00Z",
      "labels": {"role": "web"}, "deletionTimestamp": null},
     "spec": {"providerID": "aws:///eu-1a/i-0a1", "unschedulable": true, "taints": [{"key": "b"}, {"key": "a"}]},
     "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": "n-1"}],
      "nodeInfo": {"kernelVersion": "6.1.112", "osImage": "x"},
      "conditions": [{"type": "Ready", "status": "False", "reason": "KubeletDown", "lastTransitionTime": "2026-11-23T01:02:03Z"},
       {"type": "MemoryPressure", "status": "False", "lastTransitionTime": null}, {"type": "Broken"}]}}
    """

  @Test("nodes of Kubernetes: one, a list of any size, a bare list; other objects are refused")
  func kubernetes() throws {
    for text in [
      Self.node, "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\(Self.node)]}", "[\(Self.node)]",
    ] {
      for chunk in [3, 1 << 18] {
        let (entries, problems) = try read(text, chunk: chunk)
        #expect(problems.count == 1 && problems[0].hasSuffix("expected a condition with `type` and `status`"))
        let entry = try #require(entries.first)
        #expect(entry.id == "n-1" && entry.aliases == ["aws:///eu-1a/i-0a1", "i-0a1", "10.0.0.1"])
        #expect(entry.launched == 1_795_132_800_000 && entry.labels == ["role": "web"] && !entry.isSkipped)
        #expect(entry.facts["kernel"] == "6.1.112" && entry.facts["osImage"] == "x")
        #expect(entry.facts["unschedulable"] == "true" && entry.facts["taints"] == "a,b")
        #expect(
          entry.conditions == [
            "Ready": .init(status: "False", reason: "KubeletDown", since: 1_795_395_723_000),
            "MemoryPressure": .init(status: "False"),
          ])
      }
    }
    let mixed = try read(
      "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [\n{\"kind\": \"Pod\"},\n{\"kind\": \"Node\", \"metadata\": {\"name\": \"n\"}},\n{\"kind\": \"Node\"}, 7]}"
    )
    #expect(mixed.entries.map(\.id) == ["n"])
    #expect(
      mixed.problems == [
        "x:2:10: expected an object of kind `Node`, found `Pod`", "x:4:1: expected the node to have `metadata.name`",
        "x:4:19: expected an object of kind `Node`, found something else",
      ])
    #expect(throws: InputError.self) { try read("{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{\"a\": 1") }
  }

  @Test("a real node", .enabled(if: sharedData != nil, "../shared/data is absent"))
  func real() throws {
    let bytes = try contents(try #require(sharedData) + "/inventory/kubernetes/node-minikube-healthy.json")
    let (entries, problems) = try read(String(decoding: bytes, as: UTF8.self))
    #expect(problems == [] && entries.map(\.id) == ["minikube"])
    #expect(
      entries.first?.conditions.mapValues(\.status) == [
        "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False", "Ready": "True",
      ])
    #expect(entries.first?.facts["kernel"] == "4.15.0" && entries.first?.launched == 1_566_856_329_000)
  }
}
