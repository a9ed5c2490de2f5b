import CReading
import CZlib
import Glibc

/// The bytes of one input, unpacked: a file, standard input (`-`), or memory. Gzip is known by its magic bytes.
///
/// Memory is constant. A class because it owns a descriptor and zlib's state.
package final class ByteStream {
  /// The path as the user named it.
  package let name: String
  /// Bytes taken from the file so far, before unpacking.
  package private(set) var bytesRead = 0
  /// The file's size; `nil` where it is not known (pipes).
  package let total: Int?
  /// Why the stream ended early. What came before it is sound.
  package private(set) var failure: String?
  /// Called after each read with the bytes read so far and the total, if known.
  package var progress: ((_ bytesRead: Int, _ total: Int?) -> Void)?

  private enum Source {
    case descriptor(Int32)
    case memory([UInt8], next: Int)
    case ended
  }
  private var source: Source
  private var mapping: MappedFile?
  private var inflater: Inflater?
  /// The first bytes, read to look for the magic, that were not yet handed out.
  private var head: [UInt8]
  private var sniffed = false
  private let chunk: Int

  /// - Parameters:
  ///   - path: A file, or `-` for standard input.
  ///   - chunk: How many bytes one read asks for, at most.
  /// - Throws: If it cannot be opened or is a folder.
  package init(opening path: String, chunk: Int = 1 << 18) throws(InputError) {
    name = path
    head = []
    self.chunk = max(1, chunk)
    if path == "-" {
      source = .descriptor(0)
      total = nil
      return
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw InputError(path, systemMessage(errno)) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw InputError(path, systemMessage(code))
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw InputError(path, "is a folder, expected a file")
    }
    source = .descriptor(descriptor)
    total = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  /// - Parameter name: What problems call it.
  package init(_ bytes: [UInt8], name: String, chunk: Int = 1 << 18) {
    self.name = name
    source = .memory(bytes, next: 0)
    total = bytes.count
    head = []
    self.chunk = max(1, chunk)
  }

  deinit {
    if case .descriptor(let descriptor) = source, descriptor != 0 { close(descriptor) }
  }

  /// Whether the input is packed. Known after the first `read`.
  package var isCompressed: Bool { inflater != nil }

  /// The whole file as memory, where it is one that can be: to be asked before the first `read`, which then has nothing more
  /// to give. The rest is as if it had been read: whoever uses it says so with `see`.
  ///
  /// Reading costs a copy, which is more than searching does.
  func map() -> UnsafeRawBufferPointer? {
    guard !sniffed, case .descriptor(let descriptor) = source, let total, total >= Self.leastMapped,
      let file = MappedFile(descriptor, count: total)
    else { return nil }
    if file.bytes[0] == 0x1F, file.bytes[1] == 0x8B { return nil }
    mapping = file
    sniffed = true
    source = .ended
    close(descriptor)
    return file.bytes
  }

  /// For less, asking for pages costs more than copying.
  private static let leastMapped = 1 << 15

  /// That this many bytes of the mapping have been used.
  func see(_ count: Int) {
    guard count > 0 else { return }
    bytesRead += count
    if let mapping, mapping.hasShrunk, failure == nil { failure = "became shorter while it was read" }
    progress?(bytesRead, total)
  }

  /// The next unpacked bytes, at most `chunk` and at most what fits.
  ///
  /// - Returns: How many were written; 0 at the end, and then `failure` says whether it was a clean one.
  package func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    if !sniffed { sniff() }
    if inflater != nil { return inflate(into: target) }
    if !head.isEmpty {
      let count = min(head.count, target.count)
      target.copyBytes(from: head[..<count])
      head.removeFirst(count)
      return count
    }
    return readRaw(into: target)
  }

  /// Everything that is left, up to a bound.
  ///
  /// - Throws: If there is more than `limit`, or if the stream ends early.
  package func readAll(limit: Int) throws(InputError) -> [UInt8] {
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(into: buffer)
      if count == 0 { break }
      guard bytes.count + count <= limit else { throw InputError(name, "is larger than \(limit >> 20) MiB") }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    if let failure { throw InputError(name, failure) }
    return bytes
  }

  private func sniff() {
    sniffed = true
    withUnsafeTemporaryAllocation(byteCount: 2, alignment: 1) { magic in
      // A pipe or a small chunk may give one byte at a time.
      while head.count < 2 {
        let count = readRaw(into: UnsafeMutableRawBufferPointer(rebasing: magic[..<(2 - head.count)]))
        if count == 0 { break }
        head.append(contentsOf: UnsafeRawBufferPointer(rebasing: magic[..<count]))
      }
    }
    if head == [0x1F, 0x8B] {
      inflater = Inflater(chunk: chunk, head: head)
      head = []
    }
  }

  private func inflate(into target: UnsafeMutableRawBufferPointer) -> Int {
    guard let inflater, failure == nil else { return 0 }
    let room = UnsafeMutableRawBufferPointer(rebasing: target[..<min(target.count, chunk)])
    while true {
      switch inflater.inflate(into: room) {
      case .produced(let count): return count
      case .needsInput:
        let count = inflater.refill { self.readRaw(into: $0) }
        if count == 0 {
          if failure == nil, !inflater.isBetweenMembers {
            failure = "the gzip stream is cut off at byte \(bytesRead)"
          }
          return 0
        }
      case .failed(let why):
        failure = "the gzip stream is damaged near byte \(bytesRead - inflater.unused): \(why)"
        return 0
      }
    }
  }

  private func readRaw(into target: UnsafeMutableRawBufferPointer) -> Int {
    let wanted = min(target.count, chunk)
    var count = 0
    switch source {
    case .ended: return 0
    case .memory(let bytes, let next):
      count = min(wanted, bytes.count - next)
      bytes.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[next..<(next + count)])) }
      source = count == 0 ? .ended : .memory(bytes, next: next + count)
    case .descriptor(let descriptor):
      repeat { count = Glibc.read(descriptor, target.baseAddress, wanted) } while count < 0 && errno == EINTR
      if count < 0 { failure = "cannot be read at byte \(bytesRead): \(systemMessage(errno))" }
      if count <= 0 {
        if descriptor != 0 { close(descriptor) }
        source = .ended
        return 0
      }
    }
    bytesRead += count
    progress?(bytesRead, total)
    return count
  }
}

/// A file as memory. If it shrinks meanwhile, zeros stand for what is gone.
private final class MappedFile {
  let bytes: UnsafeRawBufferPointer
  private let watch: Int32

  init?(_ descriptor: Int32, count: Int) {
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), Int(bitPattern: base) != -1 else {
      return nil
    }
    watch = cr_watch(base, count)
    guard watch >= 0 else {
      munmap(base, count)
      return nil
    }
    madvise(base, count, MADV_SEQUENTIAL)
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  deinit {
    cr_unwatch(watch)
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  var hasShrunk: Bool { cr_has_shrunk(watch) != 0 }
}

/// An input that cannot be used at all.
package struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
  package var file: String
  package var message: String
  package init(_ file: String, _ message: String) {
    self.file = file
    self.message = message
  }
  package var description: String { "\(file): \(message)" }
}

/// The system's words for an error number.
func systemMessage(_ code: Int32) -> String {
  // strerror's buffer is shared by threads; strerror_r fills ours.
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    buffer.initialize(repeating: 0)
    guard strerror_r(code, buffer.baseAddress!, 256) == 0 else { return "error \(code)" }
    let text = String(cString: buffer.baseAddress!)
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

/// zlib's inflate over gzip members that follow one another.
///
/// A class because zlib keeps a pointer to the `z_stream`, which must not move.
private final class Inflater {
  enum Step {
    case produced(Int)
    case needsInput
    case failed(String)
  }

  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  /// True before the first byte of a member: the one place where the input may end.
  private(set) var isBetweenMembers = false
  private var isReady: Bool

  init(chunk: Int, head: [UInt8]) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    input = .allocate(byteCount: max(chunk, head.count), alignment: 16)
    input.copyBytes(from: head)
    // 15 bits of window, + 16: gzip headers only.
    isReady = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(head.count)
  }

  deinit {
    if isReady { inflateEnd(stream) }
    stream.deallocate()
    input.deallocate()
  }

  /// Bytes read but not yet unpacked.
  var unused: Int { Int(stream.pointee.avail_in) }

  func refill(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
    let count = read(input)
    stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(count)
    return count
  }

  func inflate(into target: UnsafeMutableRawBufferPointer) -> Step {
    guard isReady else { return .failed("zlib cannot start") }
    while stream.pointee.avail_in > 0 {
      if isBetweenMembers {
        // Some writers pad with zeros after the last member.
        while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
          stream.pointee.next_in += 1
          stream.pointee.avail_in -= 1
        }
        if stream.pointee.avail_in == 0 { break }
        guard inflateReset(stream) == Z_OK else { return .failed("zlib cannot start again") }
        isBetweenMembers = false
      }
      stream.pointee.next_out = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(min(target.count, 1 << 30))
      let room = stream.pointee.avail_out
      let code = CZlib.inflate(stream, Z_NO_FLUSH)
      let count = Int(room - stream.pointee.avail_out)
      if code == Z_STREAM_END { isBetweenMembers = true }
      // What was written before damage is sound; zlib repeats the error at the next call.
      if count > 0 { return .produced(count) }
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
        return .failed(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)")
      }
    }
    return .needsInput
  }
}
