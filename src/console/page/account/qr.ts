/** A QR code of bytes at error correction level M, versions 1 to 10 (up to 213 bytes), after ISO/IEC 18004.
 *  Enough for the address of a one-time code, and nothing has to be fetched or trusted for it. */

/** For each version: bytes of correction a block, then blocks and data bytes of each group. */
const blocks: [correction: number, groups: [count: number, data: number][]][] = [
  [10, [[1, 16]]],
  [16, [[1, 28]]],
  [26, [[1, 44]]],
  [18, [[2, 32]]],
  [24, [[2, 43]]],
  [16, [[4, 27]]],
  [18, [[4, 31]]],
  [22, [[2, 38], [2, 39]]],
  [22, [[3, 36], [2, 37]]],
  [26, [[4, 43], [1, 44]]],
];

const alignment: number[][] = [
  [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50],
];

const exponent = new Uint8Array(512);
const logarithm = new Uint8Array(256);
for (let at = 0, x = 1; at < 255; ++at) {
  exponent[at] = x;
  exponent[at + 255] = x;
  logarithm[x] = at;
  x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}
const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : exponent[logarithm[a]! + logarithm[b]!]!);

/** The remainder of `data` by the generator polynomial of that degree, over GF(256). */
export function correctionOf(data: number[], degree: number): number[] {
  let generator = [1];
  for (let at = 0; at < degree; ++at) {
    const next = new Array<number>(generator.length + 1).fill(0);
    generator.forEach((factor, place) => {
      next[place]! ^= factor;
      next[place + 1]! ^= times(factor, exponent[at]!);
    });
    generator = next;
  }
  const remainder = [...data, ...new Array<number>(degree).fill(0)];
  for (let at = 0; at < data.length; ++at) {
    const lead = remainder[at]!;
    if (lead !== 0) generator.forEach((factor, place) => (remainder[at + place]! ^= times(factor, lead)));
  }
  return remainder.slice(data.length);
}

const dataBytes = (version: number) => blocks[version - 1]![1].reduce((sum, [count, data]) => sum + count * data, 0);

function codewords(bytes: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let at = length - 1; at >= 0; --at) bits.push((value >> at) & 1);
  };
  put(0b0100, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => put(byte, 8));
  const capacity = dataBytes(version) * 8;
  put(0, Math.min(4, capacity - bits.length));
  while (bits.length % 8) bits.push(0);
  const words: number[] = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(''), 2));
  for (let pad = 0xec; words.length < dataBytes(version); pad ^= 0xec ^ 0x11) words.push(pad);

  const [degree, groups] = blocks[version - 1]!;
  const parts: number[][] = [];
  let from = 0;
  for (const [count, length] of groups) {
    for (let at = 0; at < count; ++at, from += length) parts.push(words.slice(from, from + length));
  }
  const corrections = parts.map((part) => correctionOf(part, degree));
  const woven: number[] = [];
  for (let at = 0; at < Math.max(...parts.map((part) => part.length)); ++at) {
    for (const part of parts) if (at < part.length) woven.push(part[at]!);
  }
  for (let at = 0; at < degree; ++at) for (const part of corrections) woven.push(part[at]!);
  return woven;
}

/** `value` followed by the remainder of its division: how format and version protect themselves. */
function protectedBits(value: number, generator: number, degree: number): number {
  let rest = value << degree;
  const top = 31 - Math.clz32(generator);
  while (rest >= 1 << degree) rest ^= generator << (31 - Math.clz32(rest) - top);
  return (value << degree) | rest;
}

const masks: ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

function penalty(grid: boolean[][]): number {
  const size = grid.length;
  let sum = 0;
  let dark = 0;
  const lines = [...grid, ...grid.map((_, column) => grid.map((row) => row[column]!))];
  for (const line of lines) {
    let run = 1;
    for (let at = 1; at <= size; ++at) {
      if (at < size && line[at] === line[at - 1]) ++run;
      else {
        if (run >= 5) sum += run - 2;
        run = 1;
      }
    }
    const text = line.map((cell) => (cell ? '1' : '0')).join('');
    for (const finder of ['10111010000', '00001011101']) {
      for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) sum += 40;
    }
  }
  for (let r = 0; r < size; ++r) {
    for (let c = 0; c < size; ++c) {
      const cell = grid[r]![c]!;
      if (cell) ++dark;
      if (r + 1 < size && c + 1 < size && cell === grid[r]![c + 1] && cell === grid[r + 1]![c] && cell === grid[r + 1]![c + 1]) sum += 3;
    }
  }
  return sum + Math.floor(Math.abs((dark * 100) / (size * size) - 50) / 5) * 10;
}

/** Rows of dark (true) and light modules, without the quiet zone; null where the text is too long. */
export function qrOf(text: string): boolean[][] | null {
  const bytes = new TextEncoder().encode(text);
  const version = blocks.findIndex((_, at) => dataBytes(at + 1) * 8 >= 4 + (at + 1 < 10 ? 8 : 16) + bytes.length * 8) + 1;
  if (version === 0) return null;
  const size = 17 + 4 * version;
  const grid = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const set = (row: number, column: number, dark: boolean) => {
    if (row < 0 || column < 0 || row >= size || column >= size) return;
    grid[row]![column] = dark;
    fixed[row]![column] = true;
  };

  for (let at = 0; at < size; ++at) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]] as const) {
    for (let r = -4; r <= 4; ++r) {
      for (let c = -4; c <= 4; ++c) {
        const ring = Math.max(Math.abs(r), Math.abs(c));
        set(row + r, column + c, ring !== 2 && ring !== 4);
      }
    }
  }
  const centres = alignment[version - 1]!;
  const last = centres.length - 1;
  centres.forEach((row, i) =>
    centres.forEach((column, j) => {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
      for (let r = -2; r <= 2; ++r) for (let c = -2; c <= 2; ++c) set(row + r, column + c, Math.max(Math.abs(r), Math.abs(c)) !== 1);
    }),
  );
  const putFormat = (mask: number) => {
    // Level M is 00.
    const bits = protectedBits(mask, 0x537, 10) ^ 0x5412;
    const bit = (at: number) => ((bits >> at) & 1) === 1;
    for (let at = 0; at <= 5; ++at) set(at, 8, bit(at));
    set(7, 8, bit(6));
    set(8, 8, bit(7));
    set(8, 7, bit(8));
    for (let at = 9; at < 15; ++at) set(8, 14 - at, bit(at));
    for (let at = 0; at < 8; ++at) set(8, size - 1 - at, bit(at));
    for (let at = 8; at < 15; ++at) set(size - 15 + at, 8, bit(at));
    set(size - 8, 8, true);
  };
  putFormat(0);
  if (version >= 7) {
    const bits = protectedBits(version, 0x1f25, 12);
    for (let at = 0; at < 18; ++at) {
      const dark = ((bits >> at) & 1) === 1;
      set(Math.floor(at / 3), size - 11 + (at % 3), dark);
      set(size - 11 + (at % 3), Math.floor(at / 3), dark);
    }
  }

  const bits = codewords(bytes, version).flatMap((word) => [7, 6, 5, 4, 3, 2, 1, 0].map((at) => (word >> at) & 1));
  let next = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; ++step) {
      const row = upward ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (!fixed[row]![column]) grid[row]![column] = bits[next++] === 1;
      }
    }
  }

  const masked = masks.map((flips, number) => {
    putFormat(number);
    return grid.map((row, r) => row.map((dark, c) => (fixed[r]![c] ? dark : dark !== flips(r, c))));
  });
  return masked.reduce((best, each) => (penalty(each) < penalty(best) ? each : best));
}

/** The modules as one SVG path in a square of `size` and a quiet zone of four. */
export function qrPath(grid: boolean[][]): { path: string; side: number } {
  const path = grid
    .flatMap((row, r) => row.map((dark, c) => (dark ? `M${c + 4} ${r + 4}h1v1h-1z` : '')))
    .join('');
  return { path, side: grid.length + 8 };
}
