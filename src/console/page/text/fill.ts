export type Parameters = Record<string, string | number>;

/** Fills `{name}`, and `{name|one|many}` with the word that fits the number. */
export function fill(text: string, parameters: Parameters, locale: string): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = parameters[name];
    if (value === undefined) return whole;
    if (one !== undefined) return Number(value) === 1 ? one : (many ?? '');
    return typeof value === 'number' ? value.toLocaleString(locale) : value;
  });
}
