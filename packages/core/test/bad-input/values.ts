import { inspect } from 'node:util'

/** Values that fit nowhere: what a program hands over when a variable is not what its author thought. */
const nonsense: readonly unknown[] = [null, true, 5n, Symbol('s'), [], [5], {}, () => 5]

export const noNumbers: readonly unknown[] = [...nonsense, '', '5', Number.NaN]
export const noDurations: readonly unknown[] = [...noNumbers, -1, -0.001, Infinity, -Infinity, 2 ** 41]
/** Neither a whole number of at least 1. */
export const noCounts: readonly unknown[] = [...noNumbers, 0, -1, 1.5, Infinity, -Infinity]
export const noChoices: readonly unknown[] = [...nonsense, '', 'other', 'constructor', '__proto__', ['key'], 5]
export const noObjects: readonly unknown[] = [null, true, 5, 5n, 'text', Symbol('s'), [], () => 5, new Map()]
export const noFunctions: readonly unknown[] = [null, true, 5, 'text', {}, []]
export const noBooleans: readonly unknown[] = [null, 0, 1, '', 'true', {}, []]
export const noArrays: readonly unknown[] = [null, true, 5, 'text', {}, () => 5, new Set()]
export const noTexts: readonly unknown[] = [...nonsense, 5]

export const noGroupNames: readonly unknown[] = [
  ...nonsense,
  ...[
    undefined,
    5,
    '',
    ' ',
    'a b',
    'a.b',
    'ä',
    '#',
    'a*',
    'a/b',
    '../a',
    'a\nb',
    'a\n',
    'a\u0000',
    'a\u007f',
    '\ud800',
  ],
  ...['x'.repeat(101), 'x'.repeat(1_000_000), ['a'], { toString: () => 'a' }],
]
export const noTopicNames: readonly unknown[] = [
  ...noGroupNames.filter((name) => name !== 'a.b'),
  ...['.', '.a', 'a.', 'a..b', 'a.dlq', 'a.b.retry', 'a.redrive', 'a.delay', 'a.guard', 'a.members', 'a.removed'],
]

/** Nothing that `defineTopic` has made, however much it looks like it. */
export const noTopics: readonly unknown[] = [
  ...nonsense,
  ...[undefined, 'orders', { name: 'orders' }, { kind: 'single' }, { kind: 'single', name: 'orders', keyed: false }],
  ...[{ kind: 'typed', name: 'orders', keyed: true, types: {} }, new Map([['kind', 'single']])],
]

/** An object of which one field cannot be read. */
export function throwingOn(field: string, rest: object = {}): object {
  return Object.defineProperty({ ...rest }, field, {
    enumerable: true,
    get: () => {
      throw new Error('the getter threw')
    },
  })
}

/** For the name of a test: short, and printable whatever it is. */
export function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity })
  return text.length > 50 ? `${text.slice(0, 50)}…` : text
}
