/** What the broker says when something exists and is not as it was asked for. Values are text; `undefined`: there is none. */
export interface Inequivalence {
  readonly argument: string
  readonly kind: string
  readonly name: string
  readonly wanted: string | undefined
  readonly found: string | undefined
  /** AMQP has room for 255 bytes of text: with long names the end is cut off, and with it the values. */
  readonly isCut: boolean
}

const value = String.raw`(none|(?:the value )?'.*'(?: of type '\w+')?)`
const sentence = new RegExp(
  String.raw`inequivalent arg '(.+?)' for (\w+) '(.*)' in vhost '.*': received ${value} but current is ${value}$`,
  's',
)
const beginning = /inequivalent arg '([^']+)' for (\w+) '(.*)/s

/** Reads the text of a 406; `undefined` when it is about something else. */
export function readInequivalence(text: string): Inequivalence | undefined {
  const whole = sentence.exec(text)
  const [, argument = '', kind = '', name = '', received = '', current = ''] = whole ?? beginning.exec(text) ?? []
  if (argument === '') return undefined
  if (whole === null) return { argument, kind, name, wanted: undefined, found: undefined, isCut: true }
  return { argument, kind, name, wanted: valueOf(received), found: valueOf(current), isCut: false }
}

/** `none`, `'x'`, or `the value 'x' of type 'longstr'`. */
function valueOf(text: string): string | undefined {
  if (text === 'none') return undefined
  return (/^the value '(.*)' of type '\w+'$/s.exec(text) ?? /^'(.*)'$/s.exec(text))?.[1] ?? text
}
