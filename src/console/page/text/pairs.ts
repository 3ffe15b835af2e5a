/** [English, Chinese]: the type makes that neither is forgotten. */
export type Pair = readonly [en: string, zh: string];

export const pairs = <Key extends string>(texts: Record<Key, Pair>): Record<Key, Pair> => texts;
