/** What Redis answers: texts, numbers, nothing, lists of them. Errors are values here, a list may hold some. */
export type RedisReply = string | number | null | Error | readonly RedisReply[]

interface Parsed {
  readonly reply: RedisReply
  /** Where the next one begins. */
  readonly end: number
}

/** The reply (RESP 2) that begins at `start`; undefined while it is not complete. */
export function parseReply(bytes: Buffer, start = 0): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + 2
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '+':
      return { reply: line, end }
    case '-':
      return { reply: new Error(line), end }
    case ':':
      return { reply: Number(line), end }
    case '$':
      return parseText(bytes, end, Number(line))
    case '*':
      return parseList(bytes, end, Number(line))
    default:
      throw new Error(`Not a reply of Redis: ${line}`)
  }
}

function parseText(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: start }
  const end = start + length
  return bytes.length < end + 2 ? undefined : { reply: bytes.toString('utf8', start, end), end: end + 2 }
}

function parseList(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: start }
  const replies: RedisReply[] = []
  let end = start
  while (replies.length < length) {
    const next = parseReply(bytes, end)
    if (next === undefined) return undefined
    replies.push(next.reply)
    end = next.end
  }
  return { reply: replies, end }
}

/** A command as Redis reads it. */
export function encodeCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}
