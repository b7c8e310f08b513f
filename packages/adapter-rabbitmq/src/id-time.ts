/** The form of an id of version 7: `tttttttt-tttt-7…`, 36 characters, where t is the time in milliseconds. */
const LENGTH = 36
const VERSION_AT = 14
const DASH = 0x2d
const SEVEN = 0x37

/**
 * The milliseconds that an id in the form of a UUID version 7 adds to a time in whole seconds; `undefined` when it is of another form or
 * another second. Core gives such ids to messages, so that most of them need no header for what AMQP's time stamp leaves out.
 */
export function millisecondsOfId(id: string, seconds: number): number | undefined {
  if (id.length !== LENGTH || id.charCodeAt(VERSION_AT) !== SEVEN || id.charCodeAt(8) !== DASH) return undefined
  let ms = 0
  for (let index = 0; index < 13; index += 1) {
    if (index === 8) continue
    const digit = hexDigit(id.charCodeAt(index))
    if (digit === -1) return undefined
    ms = ms * 16 + digit
  }
  const rest = ms - seconds * 1000
  return rest >= 0 && rest < 1000 ? rest : undefined
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x61 && code <= 0x66) return code - 0x57
  return -1
}
