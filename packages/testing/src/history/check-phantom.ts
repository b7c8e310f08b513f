import type { Message } from './timeline.js'
import { nameOf } from './timeline.js'
import { accuse, round, tellGroup, tellMessage, tellRun, type Verdict } from './verdict.js'

/** Finds deliveries and dead letters of what was never sent. */
export function checkPhantom(verdict: Verdict): void {
  const { timeline, settings } = verdict
  for (const group of timeline.groups) {
    for (const { message, runs, deadLetters } of group.passages.values()) {
      if (runs.length === 0 && deadLetters.length === 0) continue
      const where = runs[0] === undefined ? 'lies in the dead letters' : `ran ${tellRun(verdict, runs[0])}`
      const told = `${tellMessage(verdict, message)} ${where} in ${tellGroup(verdict, group)}`
      const why = falsehood(message, settings.allowForeign)
      if (why !== undefined) {
        accuse(verdict, 'phantom', [message], `${told}, but ${why}`)
        continue
      }
      const published = message.calls[0]?.from ?? Number.NEGATIVE_INFINITY
      if ((runs[0]?.start ?? published) < published) {
        accuse(verdict, 'phantom', [message], `${told}, but was published at ${round(published)}`)
      }
      const renamed = runs.find((run) => run.key !== message.key)
      if (renamed !== undefined) {
        const keys = `under key ${nameOf(timeline, renamed.key)}, but was published under ${nameOf(timeline, message.key)}`
        accuse(verdict, 'phantom', [message], `${told} ${keys}`)
      }
    }
  }
}

function falsehood({ calls }: Message, allowForeign: boolean): string | undefined {
  if (calls.length === 0) return allowForeign ? undefined : 'was never published'
  return calls.every(({ result }) => result === 'refused') ? 'its publish was refused' : undefined
}
