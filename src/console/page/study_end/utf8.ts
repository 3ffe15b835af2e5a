/** The text of bytes that must be UTF-8; null where they are not, so that nothing is changed unseen. */
export function utf8(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
