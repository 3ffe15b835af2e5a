import type { Vocabulary } from '../api/types';

export interface Option {
  insert: string;
  detail: string;
}
export interface Completion {
  /** The stretch of text that an option takes the place of. */
  from: number;
  to: number;
  options: Option[];
}

const limit = 40;

function fitting(all: Option[], begun: string): Option[] {
  const wanted = begun.toLowerCase();
  const starts = all.filter((each) => each.insert.toLowerCase().startsWith(wanted));
  const holds = all.filter(
    (each) => !starts.includes(each) && `${each.insert} ${each.detail}`.toLowerCase().includes(wanted),
  );
  return [...starts, ...holds].slice(0, limit);
}

/** The elements that are open before `at`, innermost last. */
function openElements(text: string): string[] {
  const open: string[] = [];
  const bare = text.replace(/<!--[\s\S]*?(-->|$)/g, '');
  for (const found of bare.matchAll(/<(\/?)([\w:-]+)(?:[^<>"]|"[^"]*")*?(\/?)>/g)) {
    if (found[1]) open.pop();
    else if (!found[3]) open.push(found[2]!);
  }
  return open;
}

const unitAttributes = new Set(['spelled', 'assume-unit', 'when-unit', 'unit']);

/** What could stand at `at` of a mapping file: an element, an attribute, or a value. */
export function completionAt(text: string, at: number, words: Vocabulary): Completion | null {
  const before = text.slice(0, at);
  const tagAt = before.lastIndexOf('<');
  if (tagAt < 0 || before.indexOf('>', tagAt) >= 0) return null;
  if (before.lastIndexOf('<!--') > before.lastIndexOf('-->')) return null;
  const tag = before.slice(tagAt + 1);

  const element = /^([\w-]*)$/.exec(tag);
  if (element) {
    const parent = openElements(before.slice(0, tagAt)).at(-1);
    const known = parent ? words.elements[parent]?.children : undefined;
    const names = known?.length ? known : Object.keys(words.elements);
    const options = names.map((name) => ({ insert: name, detail: words.elements[name]?.text ?? '' }));
    return { from: tagAt + 1, to: at, options: fitting(options, element[1]!) };
  }

  const name = /^([\w-]+)/.exec(tag)?.[1] ?? '';
  const attributes = words.elements[name]?.attributes ?? [];
  const value = /([\w-]+)="([^"]*)$/.exec(tag);
  if (value) {
    const [, attribute = '', begun = ''] = value;
    // A unit's spellings stand beside each other, parted by bars.
    const part = unitAttributes.has(attribute) ? begun.replace(/^.*\|\s*/, '') : begun;
    let options: Option[] = [];
    if (attribute === 'analyte') {
      options = words.analytes.map((each) => ({ insert: each.key, detail: `${each.name}, ${each.unit}` }));
    } else if (unitAttributes.has(attribute)) {
      options = words.units.map((each) => ({ insert: each, detail: '' }));
    } else {
      options = (attributes.find((each) => each.name === attribute)?.values ?? []).map((each) => ({ insert: each, detail: '' }));
    }
    return { from: at - part.length, to: at, options: fitting(options, part) };
  }

  const attribute = /\s([\w-]*)$/.exec(tag);
  if (!attribute) return null;
  const used = new Set([...tag.matchAll(/([\w-]+)=/g)].map((each) => each[1]));
  const options = attributes.filter((each) => !used.has(each.name)).map((each) => ({ insert: `${each.name}="`, detail: '' }));
  return { from: at - attribute[1]!.length, to: at, options: fitting(options, attribute[1]!) };
}
