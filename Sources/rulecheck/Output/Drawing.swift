import CriteriaDiagnostics
import CriteriaTesting

extension TracedPart {
  /// An expression with the value of each of its sub-expressions underneath.
  func drawn(indent: Int, colours: Bool) -> String {
    let margin = String(repeating: " ", count: indent)
    let inner = margin + String(repeating: " ", count: displayWidth(escaped(label)) + 2)
    var text = "\(margin)\(escaped(label)): \(self.text)\n"
    for line in draw(marks) { text += inner + paint(escaped(line), colours ? .cyan : nil) + "\n" }
    return text
  }

  /// The members of an object: `of`, `text`, `values`.
  func write(to writer: inout JSONWriter) {
    writer.member("of", label)
    writer.member("text", text)
    writer.key("values")
    writer.beginArray()
    for mark in marks {
      writer.beginObject()
      writer.member("column", mark.column + 1)
      writer.member("value", mark.text)
      writer.endObject()
    }
    writer.endArray()
  }
}
