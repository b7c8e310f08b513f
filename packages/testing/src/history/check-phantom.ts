import { nameOf, type Passage } from './timeline.js'
import { accuse, round, tellGroup, tellMessage, tellRun, type Verdict } from './verdict.js'

/** Finds deliveries and dead letters of what was never sent. */
export function checkPhantom(verdict: Verdict): void {
  for (const group of verdict.timeline.groups) {
    for (const passage of group.passages.values()) {
      const why = falsehood(verdict, passage)
      if (why === undefined) continue
      const { message, runs } = passage
      const where = runs[0] === undefined ? 'lies in the dead letters' : `ran ${tellRun(verdict, runs[0])}`
      const told = `${tellMessage(verdict, message)} ${where} in ${tellGroup(verdict, group)}`
      accuse(verdict, 'phantom', [message], `${told}, but ${why}`)
    }
  }
}

function falsehood({ timeline, settings }: Verdict, { message, runs, deadLetters }: Passage): string | undefined {
  const first = runs[0]
  const call = message.calls[0]
  if (first === undefined && deadLetters.length === 0) return undefined
  if (call === undefined) return settings.allowForeign ? undefined : 'was never published'
  if (message.calls.every(({ result }) => result === 'refused')) return 'its publish was refused'
  if (first !== undefined && first.start < call.from) return `was published at ${round(call.from)}`
  const renamed = runs.find((run) => run.key !== message.key)
  if (renamed === undefined) return undefined
  return `was published under key ${nameOf(timeline, message.key)} and delivered under ${nameOf(timeline, renamed.key)}`
}
