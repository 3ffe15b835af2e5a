export interface HexByte {
  hex: string;
  char: string;
  hit: boolean;
}
export interface HexLine {
  offset: number;
  bytes: HexByte[];
}

const printable = (byte: number) => byte >= 0x20 && byte < 0x7f;

/** Sixteen bytes a line, those inside a finding marked, those of masked stretches as dots. */
export function hexLines(
  bytes: Uint8Array,
  findings: { offset: number; length: number }[],
  masked: { offset: number; length: number }[],
): HexLine[] {
  const inside = (at: number, all: { offset: number; length: number }[]) =>
    all.some((each) => at >= each.offset && at < each.offset + each.length);
  const lines: HexLine[] = [];
  for (let offset = 0; offset < bytes.length; offset += 16) {
    const row: HexByte[] = [];
    for (let at = offset; at < Math.min(offset + 16, bytes.length); ++at) {
      const byte = bytes[at]!;
      const hides = inside(at, masked);
      row.push({
        hex: hides ? '··' : byte.toString(16).padStart(2, '0'),
        char: hides ? '·' : printable(byte) ? String.fromCharCode(byte) : byte === 0x0d ? '↵' : '.',
        hit: inside(at, findings),
      });
    }
    lines.push({ offset, bytes: row });
  }
  return lines;
}
