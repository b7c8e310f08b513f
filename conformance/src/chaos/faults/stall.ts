import { oneOf, type FaultKind } from '../target.js'

const heartbeats = 3

/** F16: nothing happens in a process for three heartbeats, so that the broker gives it up, and it does not know. */
export const stall: FaultKind = {
  id: 'F16',
  title: 'event loop blocked for three heartbeats',
  expectedMs: 8_000,
  weight: 4,
  async run(scene) {
    const { crew, facts, heartbeatMs, problem } = scene
    const worker = oneOf(scene, [...crew.consumers, ...crew.publishers])
    const ms = heartbeats * heartbeatMs
    const before = worker.stalls
    facts.loses(worker.name)
    worker.send({ kind: 'stall', ms })
    if (!(await crew.until(() => worker.stalls > before, ms + 20_000)))
      problem(`${worker.name} did not stall, or for ever`)
    return `${worker.name} stood still for ${ms} ms`
  },
}
