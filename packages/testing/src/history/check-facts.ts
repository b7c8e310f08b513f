import type { Fact, Message, Passage } from './timeline.js'
import { doneRow, nameOf } from './timeline.js'
import { accuse, round, tellGroup, tellMessage, type Verdict } from './verdict.js'

/** Compares what was said with what the broker did, where it was watched. */
export function checkFacts(verdict: Verdict): void {
  const { timeline, settings } = verdict
  if (!timeline.watched) return
  for (const message of timeline.messages) checkConfirmed(verdict, message)
  for (const group of timeline.groups) {
    const deduplicated = settings.deduplicatedGroups.includes(nameOf(timeline, group.name))
    for (const passage of group.passages.values()) {
      const early = firstEarly(passage, deduplicated)
      if (early === undefined) continue
      const said = `was settled at the broker by ${nameOf(timeline, early.instance)} at ${round(early.time)}`
      const text = `${said} in ${tellGroup(verdict, group)}, but nothing had ended it`
      accuse(verdict, 'settled-early', [passage.message], `${tellMessage(verdict, passage.message)} ${text}`)
    }
  }
}

function checkConfirmed(verdict: Verdict, message: Message): void {
  const first = message.stored[0]?.time ?? Number.POSITIVE_INFINITY
  const call = message.calls.find(({ result, to }) => result === 'ok' && to < first)
  if (call === undefined) return
  const text = `was confirmed at ${round(call.to)}, and nothing of it was stored before that`
  accuse(verdict, 'confirmed-early', [message], `${tellMessage(verdict, message)} ${text}`)
}

/** Each copy that is settled needs an end of its own: a handler that was done, a dead letter, or a copy in its place. */
function firstEarly({ runs, letters, copies, settles }: Passage, deduplicated: boolean): Fact | undefined {
  const acks = runs.filter(({ finish }) => finish === 'acked').map(doneRow)
  const ends = [...acks, ...letters.map(({ row }) => row), ...copies.map(({ row }) => row)]
  return settles.find((settle, index) => {
    const before = ends.filter((row) => row < settle.row).length
    return before < (deduplicated ? 1 : index + 1)
  })
}
