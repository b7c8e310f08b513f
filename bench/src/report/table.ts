import type { BoundResult } from '../bounds.js'
import type { Machine } from '../machine.js'
import type { Result } from '../result.js'
import { columns } from './columns.js'

const heads = ['case', 'subject', 'messages/s', 'spread', 'µs CPU', 'broker', 'bytes', 'ratio', 'spread', 'bound', '']
/** Processor time of a broker per message, in µs, where there is one. */
const brokerFigure = 'brokerCpuMicros'
const brokerColumn = heads.indexOf('broker')

/** The results as text, one line per subject. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.flatMap(rowsOf)
  const hasBroker = results.some(({ figures }) => figures?.[brokerFigure] !== undefined)
  const chosen = (cells: readonly string[]): readonly string[] =>
    hasBroker ? cells : cells.filter((_, column) => column !== brokerColumn)
  return columns(chosen(heads), rows.map(chosen), { left: 2 })
}

/** A further line for each further bound, and for each figure that is not bounded. */
function rowsOf(result: Result): string[][] {
  const { ratio, samples, spread, bounds = [], figures = {} } = result
  const [first, ...more] = bounds
  const row = [
    result.name,
    result.subject,
    whole(result.messagesPerSecond),
    samples === 1 ? '' : spread.messagesPerSecond.map(whole).join('–'),
    result.cpuMicros.toFixed(2),
    figures[brokerFigure]?.toFixed(1) ?? '',
    result.bytesPerMessage === undefined ? '' : whole(result.bytesPerMessage),
    ratio === undefined ? '' : ratio.toFixed(2),
    spread.ratio === undefined || samples === 1 ? '' : spread.ratio.map((end) => end.toFixed(2)).join('–'),
    ...(first === undefined ? ['', ''] : boundCells(first)),
  ]
  const shown = new Set([brokerFigure, ...bounds.map(({ figure }) => figure)])
  const rest = Object.entries(figures).filter(([name]) => !shown.has(name))
  const blank = heads.slice(2).map(() => '')
  return [
    row,
    ...more.map((bound) => ['', '', ...blank.slice(2), ...boundCells(bound)]),
    ...rest.map(([name, value]) => ['', '', ...blank.slice(2), `${name} ${short(value)}`, '']),
  ]
}

function boundCells(bound: BoundResult): [string, string] {
  const limit = 'atLeast' in bound ? `≥ ${short(bound.atLeast)}` : `≤ ${short(bound.atMost)}`
  const measured = bound.figure === 'ratio' ? '' : ` ${short(bound.measured)}`
  return [`${bound.figure}${measured} ${limit}`, bound.ok === undefined ? '' : bound.ok ? 'ok' : 'FAILED']
}

export const machineLine = ({ cpu, cores, memoryBytes, node, platform }: Machine): string =>
  `${cpu}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB, Node.js ${node}, ${platform}`

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const short = (value: number): string => String(Number(value.toPrecision(value < 100 ? 3 : 6)))
