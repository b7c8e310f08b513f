import type { Flow } from './flow.js'
import { grouped, inSeconds, sparkline } from './text.js'

/** Shows flows while they run: one block that changes in place on a terminal, a line a second anywhere else. */
export interface Progress {
  /** Says something without disturbing the block. */
  note(text: string): void
  stop(): void
}

/** Where progress goes; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Columns of a line beside its two sparklines. */
const fixedWidth = 60

export function showProgress(flows: readonly Flow[], screen: Screen = process.stdout): Progress {
  const live = screen.isTTY === true
  const began = performance.now()
  const views = flows.map((flow) => createView(flow, began))
  let shown = 0

  // "Up, to the first line of the block, and clear from there" makes room for the next state of the block.
  const clear = (): string => (shown === 0 ? '' : `\u001B[${shown}A\u001B[J`)
  const draw = (above = ''): void => {
    const width = (screen.columns ?? 80) - 1
    const sparkWidth = Math.min(30, Math.max(0, Math.floor((width - fixedWidth) / 2)))
    const block = live ? views.map((view) => `${view.block(sparkWidth).slice(0, width)}\n`) : []
    screen.write(clear() + above + block.join(''))
    shown = block.length
  }
  const tick = (): void => {
    const now = performance.now()
    for (const view of views) view.sample(now)
    if (live) draw()
    else screen.write(views.map((view) => `${inSeconds(now - began).padStart(8)}  ${view.line()}\n`).join(''))
  }

  if (live) draw()
  const timer = setInterval(tick, live ? 500 : 1000)
  return {
    note: (text) => draw(`  ${text}\n`),
    stop() {
      clearInterval(timer)
      tick()
    },
  }
}

/** One flow as text. */
interface View {
  sample(now: number): void
  block(sparkWidth: number): string
  line(): string
}

function createView(flow: Flow, began: number): View {
  const backlogs: number[] = []
  const rates: number[] = []
  let last = { at: began, done: flow.done }

  const spark = (history: readonly number[], width: number): string =>
    sparkline(history.slice(Math.max(0, history.length - width))).padEnd(width)
  const backlog = (): number => Math.max(0, flow.published - flow.done)
  const counts = (): string =>
    `${flow.name.padEnd(12)} ${grouped(flow.done).padStart(6)} of ${grouped(flow.total)}  backlog ${grouped(backlog()).padStart(6)}`
  const rate = (): string => `${grouped(rates.at(-1) ?? 0).padStart(6)}/s`
  return {
    sample(now) {
      // A sample just after another one would show a rate of chance.
      if (now - last.at < 100) return
      rates.push(((flow.done - last.done) * 1000) / (now - last.at))
      backlogs.push(backlog())
      last = { at: now, done: flow.done }
    },
    block: (width) => `  ${counts()} ${spark(backlogs, width)} ${rate()} ${spark(rates, width)}`,
    line: () => `${counts()}  ${rate()}`,
  }
}
