import { suites } from '../suites/index.js'
import { askParent, type FromSubject } from './messages.js'
import type { SubjectTask } from './subject-task.js'

/** The process of one subject: measures it and sends the sample to whoever started it. */
const task = JSON.parse(process.argv[2] ?? '') as SubjectTask
// Whoever started it may be gone before it has ended.
process.once('disconnect', () => process.exit(1))

const subject = suites
  .find(({ name }) => name === task.suite)
  ?.cases.find(({ name }) => name === task.case)
  ?.subjects.find(({ name }) => name === task.subject)
if (subject?.work.kind !== 'module') throw new Error(`there is no ${task.suite} ${task.case} ${task.subject}`)

const { messages, allocations, quick, facts } = task
const sample = await subject.work.measure({ messages, allocations, quick, facts, ask: askParent() })
process.send?.({ kind: 'sample', sample } satisfies FromSubject, () => {
  process.removeAllListeners('disconnect')
  process.disconnect()
})
