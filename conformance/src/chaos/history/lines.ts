import type { HandlerOutcome, PublishResult } from '@sluice/testing'

/**
 * One event of a process, as one line of text. Fields have no spaces. A publish and a run are counted from 0 inside of their file, in
 * the order of their lines; results and ends name them by that number.
 */
export type Line =
  | { readonly kind: 'publish'; readonly topic: string; readonly id: string; readonly key: string | null }
  | { readonly kind: 'result'; readonly publish: number; readonly result: PublishResult }
  | ({ readonly kind: 'start' } & RunStart)
  | { readonly kind: 'end'; readonly run: number; readonly outcome: HandlerOutcome }

export interface RunStart {
  readonly topic: string
  readonly group: string
  readonly id: string
  readonly key: string | null
  readonly attempt: number
  readonly partition: number
}

const noKey = '-'

export function formatLine(time: number, line: Line): string {
  return `${time.toFixed(3)} ${fields(line)}\n`
}

function fields(line: Line): string {
  switch (line.kind) {
    case 'publish':
      return `P ${line.topic} ${line.id} ${line.key ?? noKey}`
    case 'result':
      return `R ${line.publish} ${line.result}`
    case 'start':
      return `S ${line.topic} ${line.group} ${line.id} ${line.key ?? noKey} ${line.attempt} ${line.partition}`
    default:
      return `E ${line.run} ${line.outcome}`
  }
}

/** @throws SyntaxError when it is no line of a history */
export function parseLine(text: string): { readonly time: number; readonly line: Line } {
  const [time, kind, a = '', b = '', c = '', d = '', e = '', f = ''] = text.split(' ')
  const key = (field: string): string | null => (field === noKey ? null : field)
  const at = Number(time)
  if (time === undefined || time === '' || Number.isNaN(at))
    throw new SyntaxError(`history of chaos: no time in "${text}"`)
  switch (kind) {
    case 'P':
      return { time: at, line: { kind: 'publish', topic: a, id: b, key: key(c) } }
    case 'R':
      return { time: at, line: { kind: 'result', publish: Number(a), result: b as PublishResult } }
    case 'S': {
      const place = { topic: a, group: b, id: c, key: key(d) }
      return { time: at, line: { kind: 'start', ...place, attempt: Number(e), partition: Number(f) } }
    }
    case 'E':
      return { time: at, line: { kind: 'end', run: Number(a), outcome: b as HandlerOutcome } }
    default:
      throw new SyntaxError(`history of chaos: no event in "${text}"`)
  }
}
