export type TokenKind = 'text' | 'comment' | 'name' | 'attribute' | 'string' | 'mark';
export interface Token {
  kind: TokenKind;
  text: string;
}

const pattern =
  /(<!--[\s\S]*?(?:-->|$)|<\?[\s\S]*?(?:\?>|$))|(<\/?)([\w:.-]*)|("[^"]*(?:"|$))|([\w:.-]+)(?==)|(\/?>)/g;

/** Cuts a mapping file into lines of coloured stretches. Only for the eye: the server judges the file. */
export function xmlLines(text: string): Token[][] {
  const lines: Token[][] = [[]];
  const put = (kind: TokenKind, stretch: string) => {
    stretch.split('\n').forEach((piece, at) => {
      if (at > 0) lines.push([]);
      if (piece !== '') lines.at(-1)!.push({ kind, text: piece });
    });
  };
  let done = 0;
  let inTag = false;
  for (const found of text.matchAll(pattern)) {
    const [all, comment, opens, name, string, attribute, closes] = found;
    // Quotes and equal signs mean something inside a tag only.
    if (!inTag && (string !== undefined || attribute !== undefined || closes !== undefined)) continue;
    put('text', text.slice(done, found.index));
    done = found.index + all.length;
    if (comment !== undefined) put('comment', comment);
    else if (opens !== undefined) {
      put('mark', opens);
      put('name', name ?? '');
      inTag = true;
    } else if (string !== undefined) put('string', string);
    else if (attribute !== undefined) put('attribute', attribute);
    else {
      put('mark', closes ?? '');
      inTag = false;
    }
  }
  put('text', text.slice(done));
  return lines;
}

/** Where line and column of `offset` are, both counted from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

export function offsetOf(text: string, line: number, column: number): number {
  let offset = 0;
  for (let at = 1; at < line; ++at) {
    const end = text.indexOf('\n', offset);
    if (end < 0) return text.length;
    offset = end + 1;
  }
  return Math.min(offset + column - 1, text.length);
}

/** Columns that a text takes in a monospaced face: Chinese and other wide characters take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const isWide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xffdc && !(code >= 0xd800 && code <= 0xf8ff)) || code >= 0x20000;
    columns += isWide ? 2 : 1;
  }
  return columns;
}
