import CriteriaDiagnostics
import CriteriaSyntax

// `kubectl get nodes -o json` (or yaml): a list of Node objects, or one.
//   id          metadata.name
//   aliases     spec.providerID and its last part, status.addresses
//   launched    metadata.creationTimestamp
//   labels      metadata.labels
//   facts       status.nodeInfo, by its names; kernel = kernelVersion; unschedulable, taints
//   conditions  status.conditions, since lastTransitionTime
// A node that is being deleted is terminated.

extension InventoryReader {
  /// JSON of any size: one node at a time.
  mutating func readKubernetes(_ lines: LineStream) throws(InputError) -> [InventoryEntry] {
    let head = Head(of: lines)
    let sketch = JSONSketch(head)
    guard sketch.isList || sketch.has("items") else {
      return try read(try lines.readAll(limit: 64 << 20))
    }
    let elements = JSONElements(lines, path: sketch.isList ? [] : ["items"])
    var entries: [InventoryEntry] = []
    do throws(JSONFault) {
      while let step = try elements.next() {
        switch step {
        case .array, .scalar: break
        case .tooLong:
          counts.refused += 1
          problems.add(
            InputProblem(
              .tooLong, file: name, line: elements.line, column: elements.column,
              "expected a node of at most \(lines.longestLine) bytes"))
        case .element(let bytes):
          begin(bytes, line: elements.line, column: elements.column)
          do throws(JSONFault) {
            let node = try jsonTree(bytes)
            keep(kubernetesEntry(node), at: node.range, in: &entries)
          } catch {
            counts.refused += 1
            report(at: SourceRange(SourceID(index: 0), error.place, error.place), error.message(in: bytes))
          }
        }
      }
    } catch {
      // Half a fleet is no fleet to decide about.
      throw InputError(
        "\(name):\(elements.line):\(elements.column)", lines.bytes.failure ?? error.messageAt(start: elements.rest))
    }
    counts.lines = elements.lines
    return entries
  }

  func isKubernetes(_ node: YAMLNode) -> Bool {
    guard let kind = node["kind"]?.scalar?.text else { return false }
    return ["Node", "List", "NodeList"].contains(kind) && node["instances"] == nil
  }

  mutating func kubernetesEntries(_ node: YAMLNode) -> [InventoryEntry] {
    var entries: [InventoryEntry] = []
    for item in node["items"]?.sequence ?? [node] { keep(kubernetesEntry(item), at: item.range, in: &entries) }
    return entries
  }

  private mutating func kubernetesEntry(_ node: YAMLNode) -> InventoryEntry? {
    // A NodeList's items do not repeat their kind.
    guard node["kind"]?.scalar?.text ?? "Node" == "Node", node.mapping != nil else {
      let kind = node["kind"]?.scalar.map { excerpt($0.text.utf8) } ?? "something else"
      report(at: node["kind"]?.range ?? node.range, "expected an object of kind `Node`, found \(kind)")
      return nil
    }
    let metadata = node["metadata"]
    guard let id = metadata?["name"]?.scalar?.text, !id.isEmpty else {
      report(at: metadata?.range ?? node.range, "expected the node to have `metadata.name`")
      return nil
    }
    var entry = InventoryEntry(id: id)
    entry.file = name
    entry.line = place(of: node.range.start).line
    entry.launched = metadata?["creationTimestamp"].flatMap { time($0) }
    entry.labels = strings(metadata?["labels"])
    entry.isSkipped = metadata?["deletionTimestamp"]?.scalar.map { !$0.isNull } ?? false
    let spec = node["spec"]
    let status = node["status"]
    if let provider = spec?["providerID"]?.scalar?.text, !provider.isEmpty {
      entry.aliases.append(provider)
      if let last = provider.split(separator: "/").last, last.count < provider.count {
        entry.aliases.append(String(last))
      }
    }
    for address in status?["addresses"]?.sequence ?? [] {
      guard let text = address["address"]?.scalar?.text, !text.isEmpty, text != id, !entry.aliases.contains(text)
      else { continue }
      entry.aliases.append(text)
    }
    entry.facts = strings(status?["nodeInfo"])
    entry.facts["kernel"] = entry.facts["kernelVersion"]
    entry.facts["unschedulable"] = spec?["unschedulable"]?.scalar?.text ?? "false"
    let taints = (spec?["taints"]?.sequence ?? []).compactMap { $0["key"]?.scalar?.text }
    entry.facts["taints"] = taints.sorted().joined(separator: ",")
    for condition in status?["conditions"]?.sequence ?? [] {
      guard let type = condition["type"]?.scalar?.text, let word = condition["status"]?.scalar?.text else {
        report(at: condition.range, "expected a condition with `type` and `status`")
        continue
      }
      entry.conditions[type] = .init(
        status: word, reason: condition["reason"]?.scalar?.text,
        since: condition["lastTransitionTime"].flatMap { $0.scalar?.isNull == true ? nil : time($0) })
    }
    return entry
  }

  private func strings(_ node: YAMLNode?) -> [String: String] {
    var result: [String: String] = [:]
    for pair in node?.mapping ?? [] {
      if let scalar = pair.value.scalar, !scalar.isNull { result[pair.key.text] = scalar.text }
    }
    return result
  }
}
