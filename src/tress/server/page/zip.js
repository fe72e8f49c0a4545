// Writes ZIP files without compression: pictures are compressed already.

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function record(size, fields) {
  const view = new DataView(new ArrayBuffer(size));
  for (const [offset, bytes, value] of fields) {
    if (bytes === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return view.buffer;
}

/**
 * @param {{name: string, blob: Blob}[]} files names must differ
 * @returns {Promise<Blob>}
 */
export async function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const title = new TextEncoder().encode(name);
    const content = new Uint8Array(await blob.arrayBuffer());
    // UTF-8 names, stored, 1980-01-01.
    const common = [[0, 2, 20], [2, 2, 0x800], [4, 2, 0], [6, 2, 0], [8, 2, 33], [10, 4, crc32(content)],
      [14, 4, content.length], [18, 4, content.length], [22, 2, title.length]];
    const at = (start) => common.map(([place, bytes, value]) => [start + place, bytes, value]);
    parts.push(record(30, [[0, 4, 0x04034b50], ...at(4)]), title, content);
    directory.push(record(46, [[0, 4, 0x02014b50], [4, 2, 20], ...at(6), [42, 4, offset]]), title);
    offset += 30 + title.length + content.length;
  }
  const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = record(22, [[0, 4, 0x06054b50], [8, 2, files.length], [10, 2, files.length], [12, 4, size], [16, 4, offset]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
